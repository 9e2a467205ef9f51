/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One poll handle for the listener and one per client. libuv must forget a descriptor before it is closed (epoll would keep
 * a stale one, and the number may come back for another client), and a handle's memory may go only after its closing
 * callback: so handles live on the heap, one per connection, and are closed before notes_close().
 */
#include "runner/notes_uv.h"

#include "lib/base/str.h"

#include <stdlib.h>
#include <uv.h>

struct client_poll {
        uv_poll_t handle;
        struct notes_poll *owner;
        int slot;
        unsigned wants;
};

struct notes_poll {
        uv_loop_t *uv;
        struct notes *notes;
        struct client_poll *listener;
        struct client_poll *clients[NOTES_CLIENTS_MAX];
};

static void free_handle(uv_handle_t *handle)
{
        free(handle->data);
}

static void close_poll(struct client_poll **poll)
{
        if (*poll)
                uv_close((uv_handle_t *)&(*poll)->handle, free_handle);
        *poll = NULL;
}

static struct client_poll *open_poll(struct notes_poll *owner, int fd, int slot)
{
        struct client_poll *poll = xcalloc(1, sizeof(*poll));

        poll->owner = owner;
        poll->slot = slot;
        if (uv_poll_init(owner->uv, &poll->handle, fd) < 0) {
                free(poll);
                return NULL;
        }
        poll->handle.data = poll;
        return poll;
}

static void on_client(uv_poll_t *handle, int status, int events);

static void wait_for(struct client_poll *poll, unsigned wants)
{
        if (wants != poll->wants)
                uv_poll_start(&poll->handle,
                              (wants & NOTES_READ ? UV_READABLE : 0) | (wants & NOTES_WRITE ? UV_WRITABLE : 0),
                              on_client);
        poll->wants = wants;
}

static void serve(struct notes_poll *owner, int slot, unsigned ready)
{
        unsigned wants = notes_serve(owner->notes, slot, ready);

        if (wants) {
                wait_for(owner->clients[slot], wants);
                return;
        }
        close_poll(&owner->clients[slot]);
        notes_close(owner->notes, slot);
}

static void on_client(uv_poll_t *handle, int status, int events)
{
        struct client_poll *poll = handle->data;

        serve(poll->owner, poll->slot,
              (events & UV_READABLE || status < 0 ? NOTES_READ : 0u) | (events & UV_WRITABLE ? NOTES_WRITE : 0u));
}

static void add_client(struct notes_poll *owner, int slot)
{
        owner->clients[slot] = open_poll(owner, notes_client_fd(owner->notes, slot), slot);
        if (owner->clients[slot])
                wait_for(owner->clients[slot], NOTES_READ);
        else
                notes_close(owner->notes, slot);
}

static void on_listener(uv_poll_t *handle, int status, int events)
{
        struct client_poll *poll = handle->data;
        int slot = notes_accept(poll->owner->notes);

        (void)status;
        (void)events;
        if (slot >= 0)
                add_client(poll->owner, slot);
}

struct notes_poll *notes_poll_new(struct uv_loop_s *uv)
{
        struct notes_poll *poll = xcalloc(1, sizeof(*poll));

        poll->uv = uv;
        return poll;
}

void notes_poll_start(struct notes_poll *poll, struct notes *notes)
{
        poll->notes = notes;
        poll->listener = open_poll(poll, notes->listener, -1);
        if (poll->listener)
                uv_poll_start(&poll->listener->handle, UV_READABLE, on_listener);
}

void notes_poll_answer(struct notes_poll *poll, int64_t serial, const char *line)
{
        if (!poll->notes)
                return;
        for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++)
                if (notes_answer(poll->notes, slot, serial, line) && poll->clients[slot])
                        serve(poll, slot, 0);
}

void notes_poll_sent(struct notes_poll *poll)
{
        if (!poll->notes || !poll->notes->held)
                return;
        poll->notes->held = false;
        for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++)
                if (poll->clients[slot] && poll->clients[slot]->wants & NOTES_HELD)
                        serve(poll, slot, 0);
}

void notes_poll_stop(struct notes_poll *poll)
{
        close_poll(&poll->listener);
        for (int slot = 0; slot < NOTES_CLIENTS_MAX; slot++)
                close_poll(&poll->clients[slot]);
}

void notes_poll_free(struct notes_poll *poll)
{
        free(poll);
}
