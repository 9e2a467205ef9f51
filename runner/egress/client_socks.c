/* SPDX-License-Identifier: Apache-2.0 */
/* SOCKS 5 up to the judgement: greeting, method, request. */
#include "runner/egress/client_internal.h"

#include "runner/egress/socks.h"

bool client_socks_hello(struct client *client)
{
        struct err err = ERR_INIT;
        size_t len, used = 0;
        const char *bytes = flow_input(&client->up, &len);
        int got = socks_greeting(bytes, len, &used, &err);

        if (got == 0)
                return client_read(client);
        socks_put_method(&client->down.out, got == 1);
        if (got < 0) {
                sink_veto(client->env->sink, "connect by SOCKS 5", err.message);
                client_move(client, CLIENT_ANSWER, ANSWER_MS);
                return true;
        }
        flow_use(&client->up, used);
        client->state = CLIENT_SOCKS_ASK;
        return true;
}

bool client_socks_ask(struct client *client)
{
        struct err err = ERR_INIT;
        size_t len, used = 0;
        const char *bytes = flow_input(&client->up, &len);
        enum socks_reply reply;
        int got = socks_request(bytes, len, &used, &client->host, &client->port, &reply, &err);
        int written = flow_flush(&client->down);

        if (written < 0) {
                client->state = CLIENT_OVER;
                return false;
        }
        if (got == 0) {
                client->wants[CLIENT_SIDE] |= written == 0 ? CLIENT_WRITE : 0u;
                return client_read(client);
        }
        if (got < 0) {
                sink_veto(client->env->sink, "connect by SOCKS 5", err.message);
                socks_put_reply(&client->down.out, reply);
                client_move(client, CLIENT_ANSWER, ANSWER_MS);
                return true;
        }
        flow_use(&client->up, used);
        client_judge(client);
        return true;
}
