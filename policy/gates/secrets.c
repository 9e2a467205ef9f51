/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gate secrets: credentials in what a change adds. Formats are rows of the table (rules_secrets.c); here is what a pattern
 * cannot say: whether a value is one that somebody made up, files that are secrets by what they are, and the comment that lets
 * one pass where the policy allows such comments. What is no line of text is searched by secret_search.c. What is found is told
 * without the secret itself (secret_mask.h).
 */
#include "policy/gates/secret_search.h"
#include "policy/gates/secret_value.h"

#include "policy/gates/rules.h"

#include "lib/base/cleanup.h"
#include "policy/plan.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define ALLOW "cupel:allow-secret"

/* ---- Values ---- */

/* Rules whose pattern finds a place for a secret; the value decides. Of the others the pattern does, unless it is made up. */
static const struct {
        const char *rule;
        bool (*decides)(const char *text, size_t len);
} values[] = {
        {"assigned-secret", secret_is_random},
        {"assigned-password", secret_is_password},
        {"authorization-header", secret_is_random},
        {"url-password", secret_is_random},
};

/* "password_hash", "public_token": named like a secret, and none. Between the rule's start and the value. */
static bool is_harmless_name(const struct gate_match *match)
{
        static const char *const words[] = {"hash",   "digest",      "checksum",  "sha1",    "sha256", "sha512", "md5",
                                            "public", "_id",         "-id",       "url",     "uri",    "path",   "file",
                                            "name",   "fingerprint", "integrity", "version", NULL};
        size_t before = (size_t)(match->text - match->line_text);
        _cleanup_free_ char *name = NULL;

        if (match->text < match->line_text || before > match->line_len)
                return false;
        name = xmemdup(match->line_text, before);
        for (size_t i = 0; words[i]; i++)
                if (strcasestr(name, words[i]))
                        return true;
        return false;
}

bool secret_is_meant(const struct gate_match *match)
{
        for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
                if (strcmp(match->rule->id, values[i].rule) == 0)
                        return values[i].decides(match->text, match->len) &&
                               (strncmp(match->rule->id, "assigned", 8) != 0 || !is_harmless_name(match));
        return !secret_is_made_up(match->text, match->len);
}

/* The reason behind the mark, so that nobody sets it without one. */
static bool is_allowed(const struct judgement *judgement, const struct gate_match *match)
{
        const char *mark = memmem(match->line_text, match->line_len, ALLOW, strlen(ALLOW));
        const char *end = match->line_text + match->line_len;

        if (!judgement->plan->allow_secret_comments || !mark)
                return false;
        for (mark += strlen(ALLOW); mark < end; mark++)
                if (isalpha((unsigned char)*mark))
                        return true;
        return false;
}

static void found(const struct judgement *judgement, const struct gate_match *match, void *data)
{
        (void)data;
        if (!secret_is_meant(match))
                return;
        if (is_allowed(judgement, match)) {
                _cleanup_free_ char *excerpt = gate_excerpt(match->line_text, match->line_len);
                _cleanup_free_ char *text = xasprintf("%s, and a comment allows it (" ALLOW ")", match->rule->text);

                gate_find(judgement,
                          &(struct gate_at){.most = GATE_WARN,
                                            .path = match->change->path,
                                            .line = match->line,
                                            .rule = match->rule->id,
                                            .excerpt = excerpt},
                          text);
                return;
        }
        rule_say(judgement, match);
}

/* ---- Files ---- */

static bool name_ends(const char *name, const char *end)
{
        size_t len = strlen(name), end_len = strlen(end);

        return len > end_len && strcasecmp(name + len - end_len, end) == 0;
}

static const char *rule_of_name(const char *path)
{
        static const char *const names[] = {"id_rsa",
                                            "id_dsa",
                                            "id_ecdsa",
                                            "id_ed25519",
                                            ".netrc",
                                            "_netrc",
                                            ".pgpass",
                                            ".git-credentials",
                                            ".pypirc",
                                            ".vault-token",
                                            "secring.gpg",
                                            ".s3cfg",
                                            "credentials.tfrc.json",
                                            ".dockercfg",
                                            NULL};
        static const char *const ends[] = {".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", ".tfstate", NULL};
        static const char *const shown[] = {".example", ".sample", ".template", ".dist",
                                            ".test",    ".tmpl",   ".defaults", NULL};
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

        for (size_t i = 0; names[i]; i++)
                if (strcmp(name, names[i]) == 0)
                        return "secret-file";
        for (size_t i = 0; ends[i]; i++)
                if (name_ends(name, ends[i]))
                        return "secret-file";
        if (strcmp(name, ".env") != 0 && strncmp(name, ".env.", 5) != 0)
                return NULL;
        for (size_t i = 0; shown[i]; i++)
                if (name_ends(name, shown[i]))
                        return NULL;
        return "env-file";
}

static void judge_name(const struct judgement *judgement, const struct change *change)
{
        const char *rule = rule_of_name(change->path);

        if (rule && change->new_size > 0 && (change->new_mode & 0170000) == 0100000)
                gate_find(judgement, &(struct gate_at){.path = change->path, .rule = rule}, rule_find(rule)->text);
}

void judge_secrets(const struct judgement *judgement)
{
        rules_each(judgement, found, NULL);
        for (size_t i = 0; i < judgement->changes->len; i++) {
                judge_name(judgement, &judgement->changes->items[i]);
                secret_search(judgement, &judgement->changes->items[i]);
                secret_known(judgement, &judgement->changes->items[i]);
        }
}
