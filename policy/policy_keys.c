/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's table of keys: reading, checking, merging, writing and documentation all go by it (policy/schema.h). What a
 * key means to a run is policy/plan.c; who may say it, policy/policy_trust.c. Pure data, nothing fails.
 */
#include "policy/mood.h"
#include "policy/policy.h"
#include "policy/policy_gate_keys.h"

#define DAY ((int64_t)24 * 3600 * 1000)
#define KEY(struct_, member) .offset = offsetof(struct struct_, member)

static const struct key route_keys[] = {
        {.name = "upstream",
         .type = KEY_LINE,
         KEY(route, upstream),
         .check = check_route_upstream,
         .doc = "URL that the route leads to"},
        {.name = "header",
         .type = KEY_PAIRS,
         KEY(route, header),
         .check = check_route_header,
         .check_value = check_route_secret,
         .whole = true, /* another upstream's credential must not go beside the old one's */
         .doc = "headers that are put in outside; \"env NAME\" takes a variable of the user"},
        {.name = "allow",
         .type = KEY_STRINGS,
         KEY(route, allow),
         .check = check_route_allow,
         .doc = "what may be asked for: \"POST /v1/messages*\""},
        {.name = "env",
         .type = KEY_PAIRS,
         KEY(route, env),
         .check = check_env_name,
         .check_value = check_route_value,
         .doc = "variables inside; {url} is the route's own address"},
        {.name = "meter",
         .type = KEY_ENUM,
         KEY(route, meter),
         .choices = meter_names,
         .doc = "how answers tell what they cost"},
        {.name = "any", .type = KEY_BOOL, KEY(route, any), .doc = "one of the headers is enough"},
};
const struct schema route_schema =
        SCHEMA("a route", route_keys, struct route, .check_name = check_verifier_name, .layered = true);

struct agent_network {
        struct strv allow;
        int64_t bytes, connections;
        LIST_OF(struct route) routes;
};
static const struct key agent_network_keys[] = {
        {.name = "allow",
         .type = KEY_STRINGS,
         KEY(agent_network, allow),
         .check = check_network_host,
         .doc = "hosts that the agent may reach: example.com, *.example.com, example.com:8443, 127.0.0.1:8080"},
        {.name = "bytes",
         .type = KEY_SIZE,
         KEY(agent_network, bytes),
         .min = 1024,
         .doc = "bytes in both directions together, of one run"},
        {.name = "connections",
         .type = KEY_INT,
         KEY(agent_network, connections),
         .min = 1,
         .max = 1000000000,
         .doc = "connections, of one run"},
        {.name = "routes",
         .type = KEY_NAMED,
         KEY(agent_network, routes),
         .sub = &route_schema,
         .doc = "credential routes to the agent's own API"},
};
static const struct schema agent_network_schema = SCHEMA("network", agent_network_keys, struct agent_network);

static const struct key mark_keys[] = {
        {.name = "exit", .type = KEY_STRINGS, KEY(mark, exit), .check = check_exit_code, .doc = "exit statuses"},
        {.name = "output",
         .type = KEY_STRINGS,
         KEY(mark, output),
         .check = check_one_line,
         .doc = "texts in its output"},
};
static const struct schema mark_schema = SCHEMA("a meaning", mark_keys, struct mark);

#define MEANS(name_, doc_)                                                                                             \
        {                                                                                                              \
                .name = #name_, .type = KEY_MAP, KEY(means, name_), .sub = &mark_schema, .doc = (doc_)                 \
        }
static const struct key means_keys[] = {
        MEANS(no_credential, "it had no credential, or a wrong one"),
        MEANS(rate_limited, "its API wanted it to wait"),
        MEANS(refused, "its API refused the request"),
};
const struct schema means_schema = SCHEMA("means", means_keys, struct means);

static const struct key agent_keys[] = {
        {.name = "about", .type = KEY_LINE, KEY(agent, about), .doc = "what it is"},
        {.name = "install", .type = KEY_LINE, KEY(agent, install), .doc = "how one gets it"},
        {.name = "model",
         .type = KEY_LINE,
         KEY(agent, model),
         .check = check_model,
         .doc = "the model where nobody chose one; absent: the agent's own"},
        {.name = "command",
         .type = KEY_STRINGS,
         KEY(agent, command),
         .may_be_empty = true,
         .doc = "program and arguments; {prompt}, {prompt_file} and {model} are replaced"},
        {.name = "env", .type = KEY_PAIRS, KEY(agent, env), .check = check_env_name, .doc = "environment variables"},
        {.name = "home",
         .type = KEY_PAIRS,
         KEY(agent, home),
         .check = check_file_path,
         .doc = "files of its private home: path and text"},
        {.name = "rewrites",
         .type = KEY_STRINGS,
         KEY(agent, rewrites),
         .check = check_file_path,
         .doc = "files of `home` that it writes to in every run: a change of them is not told"},
        {.name = "programs",
         .type = KEY_STRINGS,
         KEY(agent, programs),
         .check = check_one_line,
         .doc = "programs that it needs besides, found on your PATH"},
        {.name = "version",
         .type = KEY_STRINGS,
         KEY(agent, version),
         .doc = "command that prints its version and spends nothing"},
        {.name = "tried", .type = KEY_STRINGS, KEY(agent, tried), .check = check_one_line, .doc = "versions tried"},
        {.name = "mcp", .type = KEY_BOOL, KEY(agent, mcp), .doc = "its files announce `cupel mcp` to it"},
        {.name = "means",
         .type = KEY_MAP,
         KEY(agent, means),
         .sub = &means_schema,
         .doc = "what its exit statuses and output mean"},
        {.name = "requires",
         .type = KEY_LIST,
         KEY(agent, requirements),
         .sub = &requirement_schema,
         .doc = "what must be there"},
        {.name = "tiers",
         .type = KEY_STRINGS,
         KEY(agent, tiers),
         .check = check_agent_choice,
         .doc = "agents to try next, NAME or NAME:MODEL"},
        {.name = "tty", .type = KEY_BOOL, KEY(agent, tty), .doc = "it gets a terminal of its own"},
        {.name = "network",
         .type = KEY_MAP,
         KEY(agent, network),
         .sub = &agent_network_schema,
         .doc = "what it may reach"},
};
const struct schema agent_schema =
        SCHEMA("an agent", agent_keys, struct agent, .check_name = check_verifier_name, .layered = true);

static const struct key sandbox_keys[] = {
        {.name = "minimum",
         .type = KEY_ENUM,
         KEY(sandbox_policy, minimum),
         .choices = tier_names,
         .doc = "the weakest step of the sandbox's ladder that is good enough"},
        {.name = "read",
         .type = KEY_STRINGS,
         KEY(sandbox_policy, read),
         .check = check_host_path,
         .doc = "host folders shown read-only"},
        {.name = "write",
         .type = KEY_STRINGS,
         KEY(sandbox_policy, write),
         .check = check_host_path,
         .doc = "host folders that can be written inside; what is written is thrown away"},
        {.name = "carry",
         .type = KEY_STRINGS,
         KEY(sandbox_policy, carry),
         .check = check_carry,
         .doc = "ignored folders of the checkout that are shown inside"},
        {.name = "env",
         .type = KEY_STRINGS,
         KEY(sandbox_policy, env),
         .check = check_passed_env,
         .doc = "variables of the user that are passed in"},
        {.name = "network",
         .type = KEY_MAP,
         KEY(sandbox_policy, network),
         .sub = &network_schema,
         .doc = "general egress"},
};
static const struct schema sandbox_schema = SCHEMA("sandbox", sandbox_keys, struct sandbox_policy);

struct approval_policy {
        int person_at;
        int64_t deadline_ms;
};
static const struct key approval_keys[] = {
        {.name = "person_at",
         .type = KEY_ENUM,
         KEY(approval_policy, person_at),
         .choices = risk_names,
         .doc = "risk from which a person must approve"},
        {.name = "deadline",
         .type = KEY_TIME,
         KEY(approval_policy, deadline_ms),
         .min = 1,
         .max = 366 * DAY,
         .doc = "how long a person is waited for; then a start is denied and a held run rejected"},
};
static const struct schema approval_schema = SCHEMA("approval", approval_keys, struct approval_policy);

struct checkout {
        int dirty;
};
static const struct key checkout_keys[] = {
        {.name = "dirty",
         .type = KEY_ENUM,
         KEY(checkout, dirty),
         .choices = checkout_dirty_names,
         .doc = "whether a run may start while tracked files of the checkout are changed"},
};
static const struct schema checkout_schema = SCHEMA("checkout", checkout_keys, struct checkout);

struct checkpoint {
        int64_t every_ms, keep;
        int committed;
};
static const struct key checkpoint_keys[] = {
        {.name = "every",
         .type = KEY_TIME,
         KEY(checkpoint, every_ms),
         .max = 366 * DAY,
         .doc = "how often one is made by itself; 0s: only when somebody asks"},
        {.name = "keep",
         .type = KEY_INT,
         KEY(checkpoint, keep),
         .min = 1,
         .max = 100,
         .doc = "how many of the newest are kept"},
        {.name = "committed",
         .type = KEY_BOOL,
         KEY(checkpoint, committed),
         .doc = "those of a run that ended as a commit are kept, too"},
};
static const struct schema checkpoint_schema = SCHEMA("checkpoint", checkpoint_keys, struct checkpoint);

struct spend {
        int64_t weekly_usd, paid_runs_per_cycle, cycle_ms;
        int week_starts;
};
static const struct key spend_keys[] = {
        {.name = "weekly_usd", .type = KEY_USD, KEY(spend, weekly_usd), .doc = "money per week"},
        {.name = "paid_runs_per_cycle",
         .type = KEY_INT,
         KEY(spend, paid_runs_per_cycle),
         .doc = "runs that cost money, per cycle"},
        {.name = "cycle",
         .type = KEY_TIME,
         KEY(spend, cycle_ms),
         .min = 1000,
         .max = 366 * DAY,
         .doc = "length of a cycle"},
        {.name = "week_starts",
         .type = KEY_ENUM,
         KEY(spend, week_starts),
         .choices = weekday_names,
         .doc = "first day of a week"},
};
static const struct schema spend_schema = SCHEMA("spend", spend_keys, struct spend);

struct failure {
        int64_t attempts;
        struct strv moods;
        int then;
};
static const struct key failure_keys[] = {
        {.name = "attempts", .type = KEY_INT, KEY(failure, attempts), .min = 1, .max = 100, .doc = "runs of one item"},
        {.name = "moods",
         .type = KEY_STRINGS,
         KEY(failure, moods),
         .choices = mood_names,
         .doc = "mood of each attempt"},
        {.name = "then",
         .type = KEY_ENUM,
         KEY(failure, then),
         .choices = failure_then_names,
         .doc = "what follows the last"},
};
static const struct schema failure_schema = SCHEMA("failure", failure_keys, struct failure);

struct commit {
        char *author;
        int sign;
};
static const struct key commit_keys[] = {
        {.name = "author",
         .type = KEY_LINE,
         KEY(commit, author),
         .check = check_author,
         .doc = "author of the commits"},
        {.name = "sign", .type = KEY_BOOL, KEY(commit, sign), .doc = "commits are signed with the director's key"},
};
static const struct schema commit_schema = SCHEMA("commit", commit_keys, struct commit);

#define PRICE(member, doc_)                                                                                            \
        {                                                                                                              \
                .name = #member, .type = KEY_USD, KEY(price, member), .doc = (doc_)                                    \
        }
static const struct key price_keys[] = {
        PRICE(input, "dollars per million tokens that are sent"),
        PRICE(output, "the same, that are generated"),
        PRICE(cache_read, "the same, read from the provider's cache; absent: as input"),
        PRICE(cache_write, "the same, written to it; absent: as input"),
};
const struct schema price_schema = SCHEMA("a price", price_keys, struct price, .check_name = check_model_glob);

static const struct key policy_keys[] = {
        {.name = "target",
         .type = KEY_LINE,
         KEY(policy, target),
         .check = check_ref,
         .doc = "the branch that receives commits; the one checked out where absent"},
        {.name = "tests", .type = KEY_STRINGS, KEY(policy, tests), .check = check_path_glob, .doc = "globs of tests"},
        {.name = "agents", .type = KEY_NAMED, KEY(policy, agents), .sub = &agent_schema, .doc = "agent profiles"},
        {.name = "sandbox",
         .type = KEY_MAP,
         KEY(policy, sandbox),
         .sub = &sandbox_schema,
         .doc = "what a run sees of the host"},
        {.name = "verifiers",
         .type = KEY_NAMED,
         KEY(policy, verifiers),
         .sub = &verifier_schema,
         .doc = "commands that judge"},
        {.name = "prices", .type = KEY_NAMED, KEY(policy, prices), .sub = &price_schema, .doc = "what models cost"},
        {.name = "prompt", .type = KEY_TEXT, KEY(policy, prompt), .doc = "template of what the agent is told"},
        {.name = "gates",
         .type = KEY_MAP,
         KEY(policy, gates),
         .sub = &policy_gates_schema,
         .doc = "built-in judgements"},
        {.name = "rules",
         .type = KEY_PAIRS,
         KEY(policy, rules),
         .check = check_rule_id,
         .check_value = check_rule_level,
         .doc = "single rules of the gates: off, warn or block"},
        {.name = "protected",
         .type = KEY_STRINGS,
         KEY(policy, protected_paths),
         .check = check_path_glob,
         .doc = "globs whose change needs a person; added to the built-in ones"},
        {.name = "no_copy",
         .type = KEY_MAP,
         KEY(policy, no_copy),
         .sub = &no_copy_schema,
         .doc = "what the gate no_copy compares with"},
        {.name = "secrets",
         .type = KEY_MAP,
         KEY(policy, secrets),
         .sub = &policy_secrets_schema,
         .doc = "the gate secrets"},
        {.name = "approval",
         .type = KEY_MAP,
         KEY(policy, approval),
         .sub = &approval_schema,
         .doc = "what a person decides"},
        {.name = "checkout",
         .type = KEY_MAP,
         KEY(policy, checkout),
         .sub = &checkout_schema,
         .doc = "what is asked of the user's checkout"},
        {.name = "checkpoint",
         .type = KEY_MAP,
         KEY(policy, checkpoint),
         .sub = &checkpoint_schema,
         .doc = "what a run can be resumed from"},
        {.name = "spend", .type = KEY_MAP, KEY(policy, spend), .sub = &spend_schema, .doc = "money"},
        {.name = "failure",
         .type = KEY_MAP,
         KEY(policy, failure),
         .sub = &failure_schema,
         .doc = "what follows a failed run"},
        {.name = "commit", .type = KEY_MAP, KEY(policy, commit), .sub = &commit_schema, .doc = "the commit"},
};
const struct schema policy_schema = SCHEMA("a policy", policy_keys, struct policy);
