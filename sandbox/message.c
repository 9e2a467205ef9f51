/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/message.h"

#include "lib/base/json.h"
#include "sandbox/record.h"

#include <string.h>

static const char *const request_names[] = {"prepare", "step", "cancel", "freeze", "pause", "go on", NULL};
static const char *const event_names[] = {"ready", "started", "ended", "frozen", "paused", "went on", "failed", NULL};
static const char *const reason_names[] = {
#define X(name, text, limit) text,
        SANDBOX_REASONS(X)
#undef X
                NULL,
};
static const enum sandbox_limit reason_limits[] = {
#define X(name, text, limit) SANDBOX_LIMIT_##limit,
        SANDBOX_REASONS(X)
#undef X
};

/* The flat form of an event on the wire; what does not belong to its type is at its zero. */
struct wire_event {
        int type;
        int tier, upper;
        uint32_t landlock_abi;
        char *worktree;
        int reason, exit_code, signal;
        uint64_t wall_ms, cpu_ms, output_bytes, left_out, redacted, peak_memory, disk_bytes;
        uint32_t listeners, reports, odd_reports;
        char *message;
        bool fd;
        bool out_of_inodes;
        uint64_t home_changed, home_removed;
        int error_code, error_errno;
};

#define WIRE(member) offsetof(struct wire_event, member)
static const struct record_field event_fields[] = {
        {"event", RECORD_NAME, WIRE(type), true, event_names},
        {"tier", RECORD_NAME, WIRE(tier), true, sandbox_tier_names},
        {"upper", RECORD_NAME, WIRE(upper), true, sandbox_upper_names},
        {"landlock_abi", RECORD_U32, WIRE(landlock_abi), true, NULL},
        {"worktree", RECORD_TEXT, WIRE(worktree), true, NULL},
        {"reason", RECORD_NAME, WIRE(reason), true, reason_names},
        {"exit_code", RECORD_INT, WIRE(exit_code), true, NULL},
        {"signal", RECORD_INT, WIRE(signal), true, NULL},
        {"wall_ms", RECORD_U64, WIRE(wall_ms), true, NULL},
        {"cpu_ms", RECORD_U64, WIRE(cpu_ms), true, NULL},
        {"output_bytes", RECORD_U64, WIRE(output_bytes), true, NULL},
        {"left_out", RECORD_U64, WIRE(left_out), true, NULL},
        {"redacted", RECORD_U64, WIRE(redacted), true, NULL},
        {"peak_memory", RECORD_U64, WIRE(peak_memory), true, NULL},
        {"disk_bytes", RECORD_U64, WIRE(disk_bytes), true, NULL},
        {"listeners", RECORD_U32, WIRE(listeners), false, NULL},
        {"reports", RECORD_U32, WIRE(reports), false, NULL},
        {"odd_reports", RECORD_U32, WIRE(odd_reports), false, NULL},
        {"message", RECORD_TEXT, WIRE(message), true, NULL},
        {"fd", RECORD_BOOL, WIRE(fd), true, NULL},
        {"out_of_inodes", RECORD_BOOL, WIRE(out_of_inodes), true, NULL},
        {"home_changed", RECORD_U64, WIRE(home_changed), true, NULL},
        {"home_removed", RECORD_U64, WIRE(home_removed), true, NULL},
        {"error_code", RECORD_INT, WIRE(error_code), true, NULL},
        {"error_errno", RECORD_INT, WIRE(error_errno), true, NULL},
        {0},
};

const char *sandbox_reason_name(enum sandbox_reason reason)
{
        return reason_names[reason];
}

bool sandbox_reason_is_budget(enum sandbox_reason reason)
{
        return reason_limits[reason] != SANDBOX_LIMIT_COUNT;
}

enum sandbox_limit sandbox_result_limit(const struct sandbox_result *result)
{
        bool inodes = result->reason == SANDBOX_REASON_DISK && result->out_of_inodes;

        return inodes ? SANDBOX_LIMIT_INODES : reason_limits[result->reason];
}

struct json_t *sandbox_result_receipt(const char *step, const struct sandbox_result *result)
{
        return json_pack("{s:o, s:s, s:I, s:I, s:o}", "step", json_quoted(step), "ended",
                         sandbox_reason_name(result->reason), "output_left_out", (json_int_t)result->left_out,
                         "redacted", (json_int_t)result->redacted, "limits", uses_to_json(result->uses));
}

struct json_t *request_to_json(enum request_type type, const char *body_name, struct json_t *body)
{
        json_t *message = json_object();

        json_object_set_new(message, "request", json_string(request_names[type]));
        if (body)
                json_object_set_new(message, body_name, body);
        return message;
}

int request_from_json(struct json_t *message, enum request_type *ret, struct json_t **ret_body, struct err *err)
{
        const char *name = NULL;
        json_t *plan = NULL, *step = NULL;
        const struct json_field fields[] = {{"request", JSON_FIELD_STRING, &name, true},
                                            {"plan", JSON_FIELD_OBJECT, &plan, false},
                                            {"step", JSON_FIELD_OBJECT, &step, false},
                                            {0}};

        if (json_fields(message, "request", fields, err) < 0)
                return -1;
        for (int i = 0; request_names[i]; i++) {
                if (strcmp(request_names[i], name) != 0)
                        continue;
                if (!plan != (i != REQUEST_PREPARE) || !step != (i != REQUEST_STEP))
                        return err_set(err, ERR_INPUT, "request %s: wrong body", name);
                *ret = (enum request_type)i;
                *ret_body = plan ? plan : step;
                return 0;
        }
        return err_set(err, ERR_INPUT, "request: unknown %.64s", name);
}

/* Text that came from inside (a command's name) may be no UTF-8. */
static char *plain_text(const char *text)
{
        _cleanup_json_ json_t *value = json_quoted(text);

        return xstrdup(json_string_value(value));
}

struct json_t *event_to_json(const struct sandbox_event *event)
{
        const struct sandbox_result *result = &event->result;
        bool failed = event->type == SANDBOX_EVENT_FAILED;
        struct wire_event wire = {
                .type = (int)event->type,
                .tier = (int)event->tier,
                .upper = (int)event->upper,
                .landlock_abi = event->landlock_abi,
                .worktree = (char *)event->worktree,
                .reason = (int)result->reason,
                .exit_code = result->exit_code,
                .signal = result->signal,
                .wall_ms = result->wall_ms,
                .cpu_ms = result->cpu_ms,
                .output_bytes = result->output_bytes,
                .left_out = result->left_out,
                .redacted = result->redacted,
                .peak_memory = result->peak_memory,
                .disk_bytes = result->disk_bytes,
                .listeners = (uint32_t)event->listeners_len,
                .reports = event->reports,
                .odd_reports = event->odd_reports,
                .message = plain_text(failed ? event->error.message : result->message),
                .fd = event->fd >= 0,
                .out_of_inodes = result->out_of_inodes,
                .home_changed = result->home_changed,
                .home_removed = result->home_removed,
                .error_code = failed ? (int)event->error.code : 0,
                .error_errno = failed ? event->error.errnum : 0,
        };
        json_t *json = record_to_json(&wire, event_fields);

        free(wire.message);
        if (event->type == SANDBOX_EVENT_ENDED)
                json_object_set_new(json, "uses", uses_to_json(result->uses));
        return json;
}

static void take_event(const struct wire_event *wire, struct sandbox_event *ret)
{
        *ret = (struct sandbox_event){
                .type = (enum sandbox_event_type)wire->type,
                .fd = -1,
                .brings_fd = wire->fd,
                .tier = (enum sandbox_tier)wire->tier,
                .upper = (enum sandbox_upper)wire->upper,
                .landlock_abi = wire->landlock_abi,
                .reports = wire->reports,
                .odd_reports = wire->odd_reports,
                .listeners_len = wire->listeners, /* the descriptors themselves: sandbox_client_next() */
                .result = {.reason = (enum sandbox_reason)wire->reason,
                           .exit_code = wire->exit_code,
                           .signal = wire->signal,
                           .wall_ms = wire->wall_ms,
                           .cpu_ms = wire->cpu_ms,
                           .output_bytes = wire->output_bytes,
                           .left_out = wire->left_out,
                           .redacted = wire->redacted,
                           .peak_memory = wire->peak_memory,
                           .disk_bytes = wire->disk_bytes,
                           .out_of_inodes = wire->out_of_inodes,
                           .home_changed = wire->home_changed,
                           .home_removed = wire->home_removed},
        };
        snprintf(ret->worktree, sizeof(ret->worktree), "%s", wire->worktree);
        if (ret->type == SANDBOX_EVENT_FAILED) {
                bool known = wire->error_code > ERR_OK && wire->error_code <= ERR_INTERNAL;

                ret->error.code = known ? (enum err_code)wire->error_code : ERR_SANDBOX;
                ret->error.errnum = wire->error_errno;
                snprintf(ret->error.message, sizeof(ret->error.message), "%s", wire->message);
        } else {
                snprintf(ret->result.message, sizeof(ret->result.message), "%s", wire->message);
        }
}

int event_from_json(struct json_t *message, struct sandbox_event *ret, struct err *err)
{
        struct wire_event wire = {0};
        struct sandbox_use uses[SANDBOX_LIMIT_COUNT] = {0};
        json_t *list = json_object_get(message, "uses");
        int failed = list ? uses_from_json(list, uses, err) : 0;

        json_object_del(message, "uses");
        if (!failed)
                failed = record_from_json(message, "event", event_fields, &wire, err);
        if (!failed && !list != (wire.type != SANDBOX_EVENT_ENDED))
                failed = err_set(err, ERR_INPUT, "event: uses belong to the end of a step");
        if (!failed && (wire.listeners > SANDBOX_PORTS_MAX || wire.reports >= 1U << SANDBOX_REPORTS_MAX))
                failed = err_set(err, ERR_INPUT, "event: more listening sockets or reports than a step may have");
        if (!failed) {
                take_event(&wire, ret);
                memcpy(ret->result.uses, uses, sizeof(uses));
        }
        free(wire.worktree);
        free(wire.message);
        return failed;
}
