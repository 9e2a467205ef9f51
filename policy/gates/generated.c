/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gate generated: edits of files that a program makes. What a file is, its own head says (rows with a pattern, looked for in
 * the comments that the base's version begins with), or .gitattributes of the base (linguist-generated), or its name (lock
 * files). Who changed what it is made from as well has likely run the program: a changed file that the head names, or that has
 * the same name up to its first dot.
 */
#include "policy/gates/attributes.h"
#include "policy/gates/head.h"
#include "policy/gates/rules.h"

#include "lib/base/cleanup.h"

#include <string.h>

#define HEAD_BYTES 4096
#define NAME_LEAST 4 /* a shorter name is in every text by chance */

static const char *name_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* ---- What it is made from ---- */

static bool same_stem(const char *a, const char *b)
{
        size_t len = strcspn(a, ".");

        return len && len == strcspn(b, ".") && strncmp(a, b, len) == 0 && strcmp(a, b) != 0;
}

static bool source_changed(const struct judgement *judgement, const struct change *change, const char *head, size_t len)
{
        const char *own = name_of(change->path);

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const char *name = name_of(judgement->changes->items[i].path);

                if (&judgement->changes->items[i] == change)
                        continue;
                if (same_stem(own, name))
                        return true;
                if (strlen(name) >= NAME_LEAST && strcmp(name, own) != 0 && memmem(head, len, name, strlen(name)))
                        return true;
        }
        return false;
}

static void say(const struct judgement *judgement, const struct change *change, const char *rule, const char *excerpt)
{
        uint32_t line = change->lines_len ? change->lines[0].number : 0;

        gate_find(judgement, &(struct gate_at){.path = change->path, .line = line, .rule = rule, .excerpt = excerpt},
                  rule_find(rule)->text);
}

/* ---- Marks ---- */

static bool judge_head(const struct judgement *judgement, const struct change *change)
{
        _cleanup_str_ struct str text = {0};
        const struct gate_rule *rule;
        struct err ignored = ERR_INIT;
        struct pattern_span span;
        size_t len;

        if (!judgement->read || judgement->read->read(judgement->read->data, change->path, false, &text, &ignored) < 0)
                return false;
        len = head_len(str_text(&text), text.len < HEAD_BYTES ? text.len : HEAD_BYTES);
        for (size_t i = 0; (rule = rule_at(i)); i++) {
                _cleanup_free_ char *excerpt = NULL;

                if (rule->gate != GATE_GENERATED || !rule->pattern || !rule_has_hint(rule, str_text(&text), len) ||
                    pattern_find(rule_pattern(i), str_text(&text), len, 0, &span) != PATTERN_FOUND)
                        continue;
                if (source_changed(judgement, change, str_text(&text), len))
                        return true;
                excerpt = gate_excerpt(str_text(&text) + span.at, span.at_end - span.at);
                say(judgement, change, rule->id, excerpt);
                return true;
        }
        return false;
}

static bool is_set(const char *value)
{
        return value && (*value == '\0' || strcmp(value, "true") == 0);
}

/* ---- Lock files ---- */

static const struct {
        const char *lock, *manifests; /* names, between spaces; "*.x" for any of that ending */
} locks[] = {
        {"package-lock.json", " package.json "},
        {"npm-shrinkwrap.json", " package.json "},
        {"yarn.lock", " package.json "},
        {"pnpm-lock.yaml", " package.json pnpm-workspace.yaml "},
        {"bun.lock", " package.json "},
        {"bun.lockb", " package.json "},
        {"deno.lock", " deno.json deno.jsonc package.json "},
        {"Cargo.lock", " Cargo.toml "},
        {"go.sum", " go.mod "},
        {"poetry.lock", " pyproject.toml "},
        {"uv.lock", " pyproject.toml "},
        {"pdm.lock", " pyproject.toml "},
        {"Pipfile.lock", " Pipfile "},
        {"composer.lock", " composer.json "},
        {"Gemfile.lock", " Gemfile *.gemspec "},
        {"mix.lock", " mix.exs "},
        {"pubspec.lock", " pubspec.yaml "},
        {"Podfile.lock", " Podfile "},
        {"Package.resolved", " Package.swift "},
        {"packages.lock.json", " *.csproj *.fsproj Directory.Packages.props "},
        {"gradle.lockfile", " build.gradle build.gradle.kts "},
        {"flake.lock", " flake.nix "},
        {"conan.lock", " conanfile.txt conanfile.py "},
};

static bool is_manifest(const char *name, const char *manifests)
{
        const char *dot = strrchr(name, '.');
        _cleanup_free_ char *whole = xasprintf(" %s ", name), *ending = xasprintf(" *%s ", dot ? dot : "");

        return strstr(manifests, whole) || (dot && strstr(manifests, ending));
}

static void judge_lock(const struct judgement *judgement, const struct change *change)
{
        const char *manifests = NULL;

        for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++)
                if (strcmp(name_of(change->path), locks[i].lock) == 0)
                        manifests = locks[i].manifests;
        if (!manifests)
                return;
        for (size_t i = 0; i < judgement->changes->len; i++)
                if (is_manifest(name_of(judgement->changes->items[i].path), manifests))
                        return;
        say(judgement, change, "lock-without-manifest", NULL);
}

void judge_generated(const struct judgement *judgement)
{
        _cleanup_attributes_ struct attributes attributes = {.read = judgement->read};

        for (size_t i = 0; i < judgement->changes->len; i++) {
                const struct change *change = &judgement->changes->items[i];

                if (change->kind != CHANGE_MODIFIED || strcmp(change->old_id, change->new_id) == 0)
                        continue;
                judge_lock(judgement, change);
                if (!judge_head(judgement, change) &&
                    is_set(attributes_of(&attributes, change->path, "linguist-generated")) &&
                    !source_changed(judgement, change, "", 0))
                        say(judgement, change, "generated-attribute", NULL);
        }
}
