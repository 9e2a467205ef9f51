/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/probe.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/spawn.h"
#include "sandbox/landlock.h"
#include "sandbox/probe_layers.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct answer {
        bool present;
        char detail[PROBE_DETAIL];
};

static void __attribute__((noreturn)) attempt_and_exit(const struct probe_attempt *attempt, int fd)
{
        struct answer answer = {0};
        struct err err = ERR_INIT;

        answer.present = attempt->attempt(answer.detail, &err) == 0;
        if (!answer.present)
                err_text(&err, answer.detail, sizeof(answer.detail));
        _exit(fs_write_all(fd, &answer, sizeof(answer)) < 0);
}

static void run_attempt(const struct probe_attempt *attempt, struct answer *ret)
{
        int pipes[2];
        pid_t pid;

        *ret = (struct answer){.present = false, .detail = "the attempt died"};
        if (pipe2(pipes, O_CLOEXEC) < 0)
                return;
        pid = fork();
        if (pid == 0)
                attempt_and_exit(attempt, pipes[1]);
        close(pipes[1]);
        if (read(pipes[0], ret, sizeof(*ret)) != (ssize_t)sizeof(*ret))
                *ret = (struct answer){.present = false, .detail = "the attempt died"};
        close(pipes[0]);
        if (pid > 0)
                waitpid(pid, NULL, 0);
}

static const struct probe_layer *find_layer(const struct probe *probe, const char *name)
{
        for (size_t i = 0; i < probe->len; i++)
                if (strcmp(probe->layers[i].name, name) == 0)
                        return &probe->layers[i];
        return NULL;
}

static bool is_missing(const struct probe *probe, const char *name)
{
        const struct probe_layer *layer = name ? find_layer(probe, name) : NULL;

        return layer && !layer->present;
}

/* Without namespaces, Landlock with its scopes is all there is. */
static enum sandbox_tier tier_of(const struct probe *probe)
{
        bool scopes = probe->landlock_abi >= LANDLOCK_ABI_SCOPES && !is_missing(probe, "Landlock");

        return probe->tier == SANDBOX_TIER_D && !scopes ? SANDBOX_TIER_E : probe->tier;
}

static void put_layer(struct probe *probe, const struct probe_attempt *attempt, bool present, const char *detail)
{
        struct probe_layer *layer = &probe->layers[probe->len++];
        bool needed = present || !is_missing(probe, attempt->needs);

        *layer = (struct probe_layer){.name = attempt->name,
                                      .purpose = attempt->purpose,
                                      .present = present,
                                      .required = attempt->without != SANDBOX_TIER_A,
                                      .remedy = attempt->remedy && !attempt->remedy[0] ? probe_remedy()
                                                                                       : attempt->remedy};
        if (!needed)
                layer->remedy = NULL; /* the one of what it needs */
        snprintf(layer->detail, sizeof(layer->detail), "%s", detail);
        if (!present && needed && attempt->without > probe->tier)
                probe->tier = attempt->without;
}

static void probe_run(struct probe *probe)
{
        *probe = (struct probe){.tier = SANDBOX_TIER_A, .landlock_abi = landlock_abi()};
        for (size_t i = 0; i < probe_attempts_len; i++) {
                const char *needs = probe_attempts[i].needs;
                struct answer answer = {.present = false};

                if (is_missing(probe, needs))
                        snprintf(answer.detail, sizeof(answer.detail), "not tried: it needs the layer \"%s\"", needs);
                else
                        run_attempt(&probe_attempts[i], &answer);
                put_layer(probe, &probe_attempts[i], answer.present, answer.detail);
        }
        probe->tier = tier_of(probe);
}

struct json_t *probe_to_json(const struct probe *probe)
{
        json_t *layers = json_array();

        for (size_t i = 0; i < probe->len; i++) {
                const struct probe_layer *layer = &probe->layers[i];

                json_array_append_new(layers,
                                      json_pack("{s:s, s:s, s:b, s:b, s:o, s:s}", "name", layer->name, "purpose",
                                                layer->purpose, "present", layer->present, "required", layer->required,
                                                "detail", json_quoted(layer->detail), "remedy",
                                                layer->remedy ? layer->remedy : ""));
        }
        return json_pack("{s:s, s:i, s:o}", "tier", sandbox_tier_name(probe->tier), "landlock_abi", probe->landlock_abi,
                         "layers", layers);
}

static const struct probe_attempt *find_attempt(const char *name)
{
        for (size_t i = 0; i < probe_attempts_len; i++)
                if (strcmp(probe_attempts[i].name, name) == 0)
                        return &probe_attempts[i];
        return NULL;
}

static int layer_from_json(struct probe *probe, json_t *json, struct err *err)
{
        const char *name = NULL, *purpose = NULL, *detail = NULL, *remedy = NULL;
        bool present = false, required = false;
        const struct json_field fields[] = {{"name", JSON_FIELD_STRING, &name, true},
                                            {"purpose", JSON_FIELD_STRING, &purpose, true},
                                            {"present", JSON_FIELD_BOOL, &present, true},
                                            {"required", JSON_FIELD_BOOL, &required, true},
                                            {"detail", JSON_FIELD_STRING, &detail, true},
                                            {"remedy", JSON_FIELD_STRING, &remedy, true},
                                            {0}};

        if (json_fields(json, "layer", fields, err) < 0)
                return -1;
        if (!find_attempt(name) || probe->len == PROBE_LAYERS_MAX)
                return err_set(err, ERR_INPUT, "unknown layer %.64s: programs of two releases are mixed", name);
        put_layer(probe, find_attempt(name), present, detail);
        return 0;
}

static int probe_from_json(struct json_t *json, struct probe *ret, struct err *err)
{
        struct probe probe = {.tier = SANDBOX_TIER_A};
        const char *tier = NULL;
        int64_t abi = 0;
        json_t *layers = NULL;
        const struct json_field fields[] = {{"tier", JSON_FIELD_STRING, &tier, true},
                                            {"landlock_abi", JSON_FIELD_INT, &abi, true},
                                            {"layers", JSON_FIELD_ARRAY, &layers, true},
                                            {0}};

        if (json_fields(json, "probe", fields, err) < 0)
                return -1;
        for (size_t i = 0; i < json_array_size(layers); i++)
                if (layer_from_json(&probe, json_array_get(layers, i), err) < 0)
                        return -1;
        probe.landlock_abi = (int)abi;
        probe.tier = tier_of(&probe);
        *ret = probe;
        return 0;
}

int probe_main(int argc, char **argv)
{
        struct probe probe;

        probe_run(&probe);
        if (argc > 1 && strcmp(argv[1], "--json") == 0) {
                _cleanup_json_ json_t *json = probe_to_json(&probe);
                _cleanup_free_ char *text = json_dumps(json, JSON_COMPACT);
                FILE *out = argc > 2 && strcmp(argv[2], "--to-3") == 0 ? fdopen(3, "w") : stdout;

                if (!out)
                        return 70;
                fprintf(out, "%s\n", text);
                return fflush(out) ? 70 : 0;
        }
        for (size_t i = 0; i < probe.len; i++) {
                const struct probe_layer *layer = &probe.layers[i];

                printf("%-8s %-22s %s%s%s\n", layer->present ? "ok" : "missing", layer->name,
                       layer->detail[0] ? layer->detail : layer->purpose,
                       !layer->present && layer->remedy ? "; remedy: " : "",
                       !layer->present && layer->remedy ? layer->remedy : "");
        }
        printf("tier %s: %s\n", sandbox_tier_name(probe.tier), sandbox_tier_meaning(probe.tier));
        return 0;
}

/* The program prints to a descriptor of its own: spawn() leaves standard output as it is. */
static int run_program(const char *program, struct str *ret, struct err *err)
{
        char *const argv[] = {"cupel-sandbox", "probe", "--json", "--to-3", NULL};
        int pipes[2];
        pid_t pid;
        int failed;

        if (pipe2(pipes, O_CLOEXEC) < 0)
                return err_errno(err, "pipe");
        failed = spawn(program, argv, environ, &pipes[1], 1, &pid, err);
        close(pipes[1]);
        if (failed) {
                close(pipes[0]);
                return -1;
        }
        failed = fs_read_fd(pipes[0], (size_t)1 << 20, ret, err);
        close(pipes[0]); /* before it is waited for: one that still prints ends then */
        waitpid(pid, NULL, 0);
        return failed;
}

int probe_spawn(struct probe *ret, struct err *err)
{
        _cleanup_free_ char *program = sibling_path("cupel-sandbox", err);
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ json_t *json = NULL;

        if (!program || run_program(program, &text, err) < 0)
                return -1;
        json = json_parse(str_text(&text), text.len, "probe", err);
        return json ? probe_from_json(json, ret, err) : -1;
}
