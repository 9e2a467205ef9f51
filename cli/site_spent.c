/* SPDX-License-Identifier: Apache-2.0 */
/* What a run reached, tried, cost and left: network, vetoes, money, artifacts. */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"

#include <string.h>

static void begin_table(const char *label, const char *head, struct str *out)
{
        html_put(out, "<section class=\"scroll\" aria-label=\"%a\" tabindex=\"0\">\n<table>\n<thead><tr>", label);
        str_puts(out, head);
        str_puts(out, "</tr></thead>\n<tbody>\n");
}

static void end_table(struct str *out)
{
        str_puts(out, "</tbody>\n</table>\n</section>\n");
}

/* ---- network ---- */

static void put_hosts(const struct json_t *network, struct str *out)
{
        const char *host;
        struct json_t *sum;

        begin_table("Hosts",
                    "<th scope=\"col\">Host</th><th scope=\"col\" class=\"n\">Requests</th>"
                    "<th scope=\"col\" class=\"n\">Refused</th><th scope=\"col\" class=\"n\">Sent</th>"
                    "<th scope=\"col\" class=\"n\">Received</th>",
                    out);
        json_object_foreach(json_object_get(network, "hosts"), host, sum)
        {
                html_put(out,
                         "<tr><th scope=\"row\"><code>%t</code></th><td class=\"n\">%d</td><td class=\"n\">%d</td>"
                         "<td class=\"n\">",
                         host, (long long)json_int_of(sum, "requests"), (long long)json_int_of(sum, "refused"));
                put_size(out, json_int_of(sum, "bytes_out"));
                str_puts(out, "</td><td class=\"n\">");
                put_size(out, json_int_of(sum, "bytes_in"));
                str_puts(out, "</td></tr>\n");
        }
        end_table(out);
}

static void put_attempts(const struct json_t *attempts, struct str *out)
{
        struct json_t *one;
        size_t i;

        if (!json_array_size(attempts))
                return;
        str_puts(out, "<h3>Tried in vain</h3>\n");
        begin_table("Tried in vain",
                    "<th scope=\"col\">What</th><th scope=\"col\">Became</th><th scope=\"col\">Why</th>"
                    "<th scope=\"col\" class=\"n\">Times</th>",
                    out);
        json_array_foreach(attempts, i, one) html_put(
                out, "<tr><th scope=\"row\"><code>%t</code></th><td>%t</td><td>%t</td><td class=\"n\">%d</td></tr>\n",
                json_text_of(one, "action")[0] ? json_text_of(one, "action") : "others", json_text_of(one, "result"),
                json_text_of(one, "reason"), (long long)json_int_of(one, "times"));
        end_table(out);
}

void part_network(const struct json_t *run, struct str *out)
{
        const struct json_t *report = json_object_get(run, "report"), *network = json_object_get(report, "network");

        str_puts(out, "<h2>Network and refusals</h2>\n");
        if (json_is_object(network))
                put_hosts(network, out);
        else
                str_puts(out, "<p>No network was used.</p>\n");
        put_attempts(json_object_get(report, "attempts"), out);
}

/* ---- cost ---- */

static void put_money(const char *name, const struct json_t *usd, struct str *out)
{
        char text[COST_TEXT];

        if (!json_is_number(usd))
                return;
        cost_text((int64_t)(json_number_value(usd) * 1e6 + 0.5), text);
        put_fact(out, name, text);
}

void part_cost(const struct json_t *run, struct str *out)
{
        const struct json_t *report = json_object_get(run, "report"), *cost = json_object_get(report, "cost");
        const struct json_t *accounting = json_object_get(report, "accounting");
        const struct json_t *models = json_object_get(cost, "models");
        const char *model;
        struct json_t *sum;

        str_puts(out, "<h2>Cost</h2>\n");
        if (!json_is_object(cost)) {
                str_puts(out, "<p>Nothing that is metered was used.</p>\n");
                return;
        }
        str_puts(out, "<dl class=\"facts\">\n");
        put_money("Estimated", json_object_get(accounting, "estimated_usd"), out);
        put_money("Actual", json_object_get(cost, "usd"), out);
        put_money("Limit", json_object_get(cost, "limit_usd"), out);
        put_money("Claimed by the agent", json_object_get(cost, "claimed_usd"), out);
        html_put(out, "<dt>Requests</dt><dd>%d</dd>\n<dt>Tokens</dt><dd>%d in, %d out</dd>\n",
                 (long long)json_int_of(cost, "requests"), (long long)json_int_of(cost, "tokens_in"),
                 (long long)json_int_of(cost, "tokens_out"));
        json_object_foreach((struct json_t *)models, model, sum) put_fact_code(out, "Model", model);
        str_puts(out, "</dl>\n");
}

/* ---- artifacts ---- */

void part_artifacts(const struct json_t *run, struct str *out)
{
        struct json_t *one;
        size_t i;

        if (!json_array_size(json_object_get(run, "artifacts")))
                return;
        str_puts(out, "<h2>Artifacts</h2>\n<p class=\"lead\">Only accepted ones can be had here.</p>\n");
        begin_table("Artifacts",
                    "<th scope=\"col\">Artifact</th><th scope=\"col\">Status</th><th scope=\"col\">Why</th>"
                    "<th scope=\"col\" class=\"n\">Size</th><th scope=\"col\">SHA-256</th>",
                    out);
        json_array_foreach(json_object_get(run, "artifacts"), i, one)
        {
                const char *href = json_text_of(one, "href"), *path = json_text_of(one, "path");

                if (href[0])
                        html_put(out, "<tr><th scope=\"row\"><a href=\"../data/%u\">%t</a></th><td>", href, path);
                else
                        html_put(out, "<tr><th scope=\"row\">%t</th><td>", path);
                put_result(out, json_text_of(one, "status"));
                html_put(out, "</td><td>%t</td><td class=\"n\">", json_text_of(one, "reason"));
                if (href[0])
                        put_size(out, json_int_of(one, "bytes"));
                html_put(out, href[0] ? "</td><td><code>%t</code></td></tr>\n" : "</td><td></td></tr>\n",
                         json_text_of(one, "sha256"));
        }
        end_table(out);
}
