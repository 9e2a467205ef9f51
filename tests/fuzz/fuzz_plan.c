/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of a snapshot, of somebody else's packet or somebody's repository: plan.json, a work item, a policy, any YAML. The first byte
 * chooses. Who refuses says where and what, and a plan that is taken is the bytes that it was made of.
 */
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "lib/base/yaml.h"
#include "policy/item.h"
#include "policy/plan.h"
#include "policy/policy.h"
#include "tests/fuzz/sections.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void said(const struct err *err)
{
        must(err->code != ERR_OK && err->code != ERR_INTERNAL && err->message[0]);
}

static void read_plan(const char *text, size_t len)
{
        struct err err = ERR_INIT;
        struct plan plan;

        plan_init(&plan);
        if (plan_from_json(text, len, &plan, &err) < 0)
                said(&err);
        plan_release(&plan);
}

static void read_item(const char *text, size_t len)
{
        struct err err = ERR_INIT;
        struct work_item item;

        work_item_init(&item);
        if (work_item_parse(text, len, "item.yaml", &item, &err) < 0)
                said(&err);
        work_item_release(&item);
}

static void read_policy(const char *text, size_t len)
{
        struct err err = ERR_INIT;
        struct policy policy;

        policy_init(&policy);
        if (policy_parse(text, len, "policy.yaml", POLICY_FROM_COMMIT, "/home/dev", &policy, &err) < 0)
                said(&err);
        policy_release(&policy);
}

static void read_yaml(const char *text, size_t len)
{
        struct err err = ERR_INIT;
        struct yaml *doc = yaml_parse(text, len, "a.yaml", &err);

        if (!doc)
                said(&err);
        yaml_doc_free(doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static void (*const readers[])(const char *, size_t) = {read_plan, read_item, read_policy, read_yaml};
        _cleanup_free_ char *copy = NULL;

        if (size == 0)
                return 0;
        copy = xmemdup(data + 1, size - 1);
        readers[data[0] % 4](copy, size - 1);
        return 0;
}
