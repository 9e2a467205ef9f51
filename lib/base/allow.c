/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/allow.h"

#include <stdlib.h>
#include <string.h>

/* Whether the entry names its port: authority_parse() cannot tell a default from a port that was written. */
static bool names_port(const char *text)
{
        const char *after = text[0] == '[' ? strchr(text, ']') : text;

        return after && strchr(after, ':');
}

int allow_entry_parse(const char *text, struct allow_entry *ret_entry, struct err *err)
{
        struct allow_entry entry = {.below = !strncmp(text, "*.", 2)};
        const char *host = entry.below ? text + 2 : text;

        if (authority_parse(host, strlen(host), 443, &entry.host, &entry.port, err) < 0)
                return err_wrap(err, "network.allow: expected host, *.host, host:port or address:port");
        if (entry.below && entry.host.is_address)
                return err_set(err, ERR_INPUT, "network.allow: *. before an address: %.100s", text);
        if (!names_port(host))
                entry.port = 0;
        *ret_entry = entry;
        return 0;
}

int allow_list_parse(const struct strv *entries, struct allow_list *ret_list, struct err *err)
{
        struct allow_list list = {0};

        if (entries->len > ALLOW_ENTRIES_MAX)
                return err_set(err, ERR_INPUT, "network.allow: more than %d entries", ALLOW_ENTRIES_MAX);
        list.entries = xcalloc(entries->len, sizeof(*list.entries));
        for (; list.len < entries->len; list.len++)
                if (allow_entry_parse(entries->items[list.len], &list.entries[list.len], err) < 0) {
                        allow_list_release(&list);
                        return -1;
                }
        *ret_list = list;
        return 0;
}

void allow_list_release(struct allow_list *list)
{
        free(list->entries);
        *list = (struct allow_list){0};
}

/* Whoever names it knows where it leads: localhost is loopback by definition (RFC 6761, 6.3). */
static bool is_literal(const struct host *host)
{
        return host->is_address || !strcmp(host->text, "localhost");
}

static bool is_below(const char *name, const char *parent)
{
        size_t name_len = strlen(name), parent_len = strlen(parent);

        return name_len > parent_len + 1 && name[name_len - parent_len - 1] == '.' &&
               !strcmp(name + name_len - parent_len, parent);
}

static bool matches(const struct allow_entry *entry, const struct host *host, uint16_t port)
{
        if (entry->port ? port != entry->port : port != 80 && port != 443)
                return false;
        if (entry->below)
                return !host->is_address && is_below(host->text, entry->host.text);
        return host_equal(&entry->host, host);
}

enum allow_match allow_entry_match(const struct allow_entry *entry)
{
        return is_literal(&entry->host) && entry->port && !entry->below ? ALLOW_EXACT : ALLOW_PUBLIC;
}

enum allow_match allow_list_match(const struct allow_list *list, const struct host *host, uint16_t port)
{
        enum allow_match best = ALLOW_NOT;

        for (size_t i = 0; i < list->len; i++) {
                const struct allow_entry *entry = &list->entries[i];

                if (!matches(entry, host, port))
                        continue;
                if (allow_entry_match(entry) > best)
                        best = allow_entry_match(entry);
        }
        return best;
}
