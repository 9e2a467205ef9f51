/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/site_boundary.h"

#include "cli/context.h"
#include "cli/packet.h"
#include "cli/person.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/folder.h"
#include "lib/packet/verify.h"
#include "lib/store/approval.h"
#include "policy/item.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SUMS_MAX ((size_t)4 << 20)

/* ---- what is shown, as one digest ---- */

/* What is told of a run after it ended; its state binds the log before. */
static const char *const told[] = {"amendment", "note.", "operator.outcome", "run.state", NULL};

static int take_event(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = NULL;
        size_t i = 0;

        while (told[i] && strncmp(row->type, told[i], strlen(told[i])) != 0)
                i++;
        if (!told[i])
                return 0;
        event = json_parse(row->json, row->len, "event", err);
        if (!event)
                return -1;
        hash_field(arg, json_text_of(event, "hash"), strlen(json_text_of(event, "hash")));
        return 0;
}

/* Its list stands for its files, and its snapshot for what the item allowed: a packet that is not what they say is not shown. */
static int is_as_written(int packet, bool *ret, struct err *err)
{
        _cleanup_packet_verdict_ struct packet_verdict verdict = {0};

        if (packet_verify(packet, &(struct packet_verify_options){.keys = NULL}, &verdict, err) < 0)
                return -1;
        *ret = !packet_verdict_failed(&verdict, PACKET_CHECK_FILES) &&
               !packet_verdict_failed(&verdict, PACKET_CHECK_SNAPSHOT);
        return 0;
}

static int make_digest(struct context *context, const struct store_run *run, int packet, struct boundary *boundary,
                       struct err *err)
{
        static const char domain[] = "cupel.publication.v1";
        _cleanup_str_ struct str sums = {0};
        bool as_written = false;
        struct hash hash;

        if (packet_read(packet, "evidence/SHA256SUMS", SUMS_MAX, &sums, err) < 0)
                return err->code == ERR_NOT_FOUND ? 0 : -1;
        if (is_as_written(packet, &as_written, err) < 0)
                return -1;
        if (!as_written)
                return 0;
        hash_init(&hash);
        hash_field(&hash, domain, strlen(domain));
        hash_field(&hash, run->id, strlen(run->id));
        hash_field(&hash, str_text(&sums), sums.len);
        if (store_events_each(context->store, run->id, NULL, take_event, &hash, err) < 0)
                return -1;
        hash_final(&hash, boundary->digest);
        return 0;
}

/* ---- what the item says ---- */

/* What a person amended holds in place of what the item said, and the latest of it. */
static int take_amendment(const struct store_event_row *row, void *arg, struct err *err)
{
        static const char prefix[] = "publication.";
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);
        const json_t *data = json_object_get(event, "data");
        const char *field = json_text_of(data, "field");

        if (!event)
                return -1;
        if (strncmp(field, prefix, strlen(prefix)) == 0)
                pairs_set(arg, field + strlen(prefix), json_text_of(data, "new"));
        return 0;
}

/* An item that cannot be read allows nothing. */
static int read_boundary(struct context *context, const struct store_run *run, int packet, enum publication *ret,
                         struct err *err)
{
        const struct store_events_filter amendments = {.type_prefix = "amendment"};
        _cleanup_str_ struct str bytes = {0};
        _cleanup_item_ struct work_item item;
        struct err none = ERR_INIT;

        *ret = PUBLICATION_SILENT;
        work_item_init(&item);
        if (packet_read(packet, "config_snapshot/work_item.yaml", WORK_ITEM_BYTES_MAX, &bytes, &none) < 0 ||
            work_item_parse(str_text(&bytes), bytes.len, "work_item.yaml", &item, &none) < 0)
                return 0;
        if (store_events_each(context->store, run->id, &amendments, take_amendment, &item.publication, err) < 0)
                return -1;
        *ret = publication_boundary(&item.publication);
        return 0;
}

static struct store_approval_key key_of(const struct store_run *run, const struct boundary *boundary)
{
        return (struct store_approval_key){
                .kind = STORE_APPROVAL_PUBLICATION, .run = run->id, .item = run->item, .evidence = boundary->digest};
}

/* ---- what a person said ---- */

static void withhold(struct boundary *boundary, enum boundary_state state, const char *why)
{
        boundary->state = state;
        boundary->why = why;
}

static int look_for_another(struct context *context, const struct store_run *run, struct boundary *boundary,
                            struct err *err)
{
        _cleanup_store_approval_ struct store_approval other = {0};

        withhold(boundary, BOUNDARY_WAITS, "publication needs a person's approval, and nobody gave it");
        if (store_approval_get(context->store, run->id, STORE_APPROVAL_PUBLICATION, &other, err) < 0)
                return err->code == ERR_NOT_FOUND ? 0 : -1;
        if (other.state == STORE_APPROVAL_GRANTED)
                boundary->why = "the approval of its publication is void: packet or amendments changed since";
        return 0;
}

static int ask_person(struct context *context, const struct store_run *run, struct boundary *boundary, struct err *err)
{
        const struct store_approval_key key = key_of(run, boundary);
        _cleanup_store_approval_ struct store_approval approval = {0};

        if (store_approval_find(context->store, &key, &approval, err) < 0)
                return err->code == ERR_NOT_FOUND ? look_for_another(context, run, boundary, err) : -1;
        if (approval.state == STORE_APPROVAL_DENIED)
                withhold(boundary, BOUNDARY_WAITS, "a person refused its publication");
        else if (approval.state != STORE_APPROVAL_GRANTED)
                withhold(boundary, BOUNDARY_WAITS, "publication needs a person's approval, and nobody gave it");
        if (boundary->state != BOUNDARY_SHOWN)
                return 0;
        boundary->who = xstrdup(approval.who);
        boundary->time = xstrdup(approval.time);
        boundary->note = xstrdup(approval.reason);
        return 0;
}

int boundary_look(struct context *context, const struct store_run *run, int packet, struct boundary *ret,
                  struct err *err)
{
        *ret = (struct boundary){.said = PUBLICATION_SILENT};
        if (packet >= 0 && read_boundary(context, run, packet, &ret->said, err) < 0)
                return -1;
        if (ret->said == PUBLICATION_SILENT)
                withhold(ret, BOUNDARY_SILENT, "its work item does not allow a website");
        else if (ret->said == PUBLICATION_NEVER)
                withhold(ret, BOUNDARY_NEVER, "it must not be published");
        else if (!phase_is_terminal(run->phase))
                withhold(ret, BOUNDARY_SILENT, "it has not ended");
        if (ret->state != BOUNDARY_SHOWN)
                return 0;
        if (make_digest(context, run, packet, ret, err) < 0)
                return -1;
        if (!ret->digest[0])
                withhold(ret, BOUNDARY_NEVER, "its packet is not whole, or was changed (`cupel verify` names what)");
        return ret->state == BOUNDARY_SHOWN && ret->said == PUBLICATION_PERSON ? ask_person(context, run, ret, err) : 0;
}

void boundary_release(struct boundary *boundary)
{
        free(boundary->who);
        free(boundary->time);
        free(boundary->note);
        *boundary = (struct boundary){0};
}

/* ---- deciding ---- */

/* Only where an approval says anything. */
static int expect_asking(const struct store_run *run, const struct boundary *boundary, struct err *err)
{
        if (boundary->said == PUBLICATION_PERSON && boundary->digest[0])
                return 0;
        if (boundary->state == BOUNDARY_SHOWN)
                return err_set(err, ERR_INPUT, "run %s needs no approval to be published: its work item allows it",
                               run->id);
        return err_set(err, ERR_INPUT, "run %s cannot be published: %s", run->id, boundary->why);
}

static int grant(struct context *context, const struct store_approval_key *key, const char *who, const char *reason,
                 struct err *err)
{
        int64_t id;

        return store_approval_request(context->store, key, &id, err) < 0 ||
                               store_approval_decide(context->store, id, true, who, reason, err) < 0
                       ? -1
                       : 0;
}

static int deny(struct context *context, const struct store_approval_key *key, const char *who, const char *reason,
                struct err *err)
{
        int64_t id;

        return store_approval_request(context->store, key, &id, err) < 0 ||
                               store_approval_take_back(context->store, id, who, reason, err) < 0
                       ? -1
                       : 0;
}

static void tell(const struct store_run *run, const struct boundary *boundary, const struct boundary_decision *decision)
{
        _cleanup_json_ json_t *said =
                json_pack("{s:s,s:b,s:s}", "run", run->id, "publication", decision->grant, "digest", boundary->digest);

        if (decision->json)
                json_print(stdout, said);
        else if (decision->grant)
                printf("approved: %s may be published as it is now (%.16s)\nnext: cupel publish DIR\n", run->id,
                       boundary->digest);
        else
                printf("rejected: %s is not published\n", run->id);
}

int boundary_decide(struct context *context, const struct store_run *run, const struct boundary_decision *decision,
                    struct err *err)
{
        struct err gone = ERR_INIT;
        _cleanup_fd_ int packet = packet_open(context, run->id, &gone);
        _cleanup_boundary_ struct boundary boundary = {0};
        _cleanup_free_ char *who = person_name(geteuid());
        struct store_approval_key key;

        if (packet < 0)
                return *err = gone, -1;
        if (boundary_look(context, run, packet, &boundary, err) < 0 || expect_asking(run, &boundary, err) < 0)
                return -1;
        key = key_of(run, &boundary);
        if (decision->grant && boundary.who)
                return err_set(err, ERR_INPUT, "the publication of %s was approved already, by %s", run->id,
                               boundary.who);
        if ((decision->grant ? grant : deny)(context, &key, who, decision->reason, err) < 0) {
                if (err->code == ERR_CONFLICT)
                        err->code = ERR_INPUT; /* no conflict of the target */
                return -1;
        }
        tell(run, &boundary, decision);
        return 0;
}
