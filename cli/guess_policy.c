/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first .cupel/policy.yaml: what was guessed as live lines, what else there is as comments with the values that hold
 * anyway, so that a person can read the whole policy and change a line instead of looking up a key.
 */
#include "cli/guess.h"

#include <string.h>

static const char head[] =
        "# What a run in this repository must pass. Read from the base commit of each run, so commit it.\n"
        "# `cupel policy show` prints the values in force, `cupel policy check .cupel/policy.yaml` validates this "
        "file.\n"
        "\n";

static const char no_verifier[] =
        "# Nothing here looked like a test suite. Name at least one command that tells good from bad: a run without a\n"
        "# verifier is refused. It runs with `sh -c` at the root of the repository, in the sandbox, without network.\n"
        "#\n"
        "# verifiers:\n"
        "#   unit:\n"
        "#     run: make test\n"
        "#     timeout: 10m\n";

static const char verifiers_head[] = "# Each runs with `sh -c` at the root of the repository, in the sandbox, without "
                                     "network: once on the run's own\n"
                                     "# worktree, and once more by the director on committed content only.\n"
                                     "verifiers:\n";

static const char tail[] =
        "\n"
        "# Which files are tests.\n"
        "tests: [\"test/**\", \"tests/**\", \"*_test.*\", \"test_*\", \"**/test/**\", \"**/tests/**\",\n"
        "        \"**/__tests__/**\", \"*.test.*\", \"*.spec.*\", \"*Test.java\", \"*Tests.java\"]\n"
        "\n"
        "# Changes of these are refused. With `gates: {protected: warn}` they raise the risk to high instead, and "
        "from\n"
        "# `approval.person_at` on a person must approve the result.\n"
        "protected: [\".cupel/**\", \".github/workflows/**\", \".gitattributes\", \".gitmodules\"]\n"
        "approval: {person_at: high}\n"
        "\n"
        "# Where verified commits land; without it, on the branch that is checked out.\n"
        "# target: main\n"
        "\n"
        "# The keys below open something to runs. They hold only after `cupel admit`, or from your own configuration.\n"
        "# Hosts hold in the mood curious; a route leads an agent to its own API, with a key that it never sees.\n"
        "# sandbox: {read: [~/.cargo], env: [LANG], network: {allow: [docs.python.org]}}\n"
        "# Agents that come with cupel (`cupel agents`) need nothing here; what is said of them is added to their "
        "profiles.\n"
        "# agents:\n"
        "#   claude-code: {model: claude-opus-4-5}\n"
        "#   my-agent:\n"
        "#     command: [my-agent, \"--model={model}\", \"{prompt}\"]\n"
        "#     env: {MY_API_KEY: through-the-route} # any text: the route puts yours in its place\n"
        "#     tty: false # true: a terminal of its own, for agents that want one\n"
        "#     network:\n"
        "#       routes:\n"
        "#         api:\n"
        "#           upstream: https://api.example.com\n"
        "#           header: {authorization: Bearer env MY_API_KEY}\n"
        "#           allow: [\"POST /v1/chat/completions\"]\n"
        "#           env: {MY_BASE_URL: \"{url}/v1\"}\n"
        "#           meter: openai\n";

static void put_verifier(const struct guess *guess, struct str *out)
{
        str_printf(out, "  %s: # guessed: %s\n", guess->name, guess->why);
        str_printf(out, "    run: %s\n    timeout: 10m\n", guess->run);
        if (guess->hint)
                str_printf(out, "    # Needs inside: %s.\n", guess->hint);
}

static void put_carry(const struct guesses *guesses, struct str *out)
{
        const char *separator = "";

        for (size_t i = 0; i < guesses->len; i++) {
                if (!guesses->items[i].carry)
                        continue;
                if (!separator[0])
                        str_puts(out, "\n# Ignored folders of your checkout that runs see; what they change there is "
                                      "dropped.\n"
                                      "sandbox: {carry: [");
                str_printf(out, "%s%s", separator, guesses->items[i].carry);
                separator = ", ";
        }
        if (separator[0])
                str_puts(out, "]}\n");
}

void guess_policy(const struct guesses *guesses, struct str *out)
{
        str_puts(out, head);
        str_puts(out, guesses->len ? verifiers_head : no_verifier);
        for (size_t i = 0; i < guesses->len; i++)
                put_verifier(&guesses->items[i], out);
        put_carry(guesses, out);
        str_puts(out, tail);
}
