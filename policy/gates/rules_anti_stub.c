/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of the gate anti_stub. What says of itself that it is not done blocks; what real changes contain for good reasons as
 * well warns. Of several that fit one line the first is told. Which is which was measured over real histories
 * (scripts/gate-precision). Bodies of functions are looked for by policy/gates/rules_bodies.c.
 */
#include "policy/gates/rules.h"

#define OF_STUBS .gate = GATE_ANTI_STUB

/* A text that begins, after a few words at most, with the admission. */
#define TEXT_NOT_DONE                                                                                                  \
        "[\"'`][^\"'`\\n]{0,40}\\b(?i:not[ _-]{0,2}(?:yet[ _-]?)?implemented|unimplemented|implement[ _]me|todo\\b|"   \
        "implementation[ ]pending)"

static const struct gate_rule rules[] = {
        {OF_STUBS, .id = "stub-todo-implement", .level = GATE_BLOCK, .languages = IN_CODE, .view = VIEW_COMMENT,
         .hint = "TODO|FIXME|XXX|HACK|todo",
         .pattern = "\\b(?:TODO|FIXME|XXX|HACK|todo)\\b[^\\w\\n]{0,4}(?:\\(\\w{1,30}\\)[^\\w\\n]{0,4})?"
                    "(?i:(?:add |actually |really |properly |the )?(?:implement(?:ation|ed)?\\b(?! (?:of|in) the)|"
                    "fill (?:this |it )?in\\b|write (?:this|me|the (?:code|body))\\b|your code|stub\\b|finish "
                    "(?:this|implement))|[^\\n]{0,20}"
                    "\\bnot (?:yet )?implemented)",
         .path = "a.py", .must_match = "def total(cart):\n    # TODO: implement this\n    return 0\n",
         .must_not =
                 "def total(cart):\n    # TODO(ann): cache the sum once carts are immutable\n    return sum(cart)\n",
         .text = "says that the work itself is still to be done"},
        {OF_STUBS, .id = "stub-placeholder", .level = GATE_BLOCK, .languages = IN_CODE, .view = VIEW_COMMENT,
         .place = OUTSIDE_TESTS,
         .hint = "laceholder|imulat|ummy|ock|tub|eal|emporar|ard|goes here|code here|LACEHOLDER|later|actual|eave",
         .pattern = "(?i:\\b(?:placeholder|stub(?:bed)?|dummy|mock(?:ed)?|fake|hard-?coded)[ ](?:only\\b|"
                    "(?:implementation|logic|code|return value|response|result|values?|data)\\b[ ]?(?:for[ "
                    "]now|until|\\.?[ ]*$))|"
                    "\\b(?:just[ ]|simply[ ])?(?:a[ ])?(?:placeholder|stub)[ ](?:for[ ]now|until)\\b|"
                    "\\bin[ ]an?[ ](?:real|actual|production)[ ](?:implementation|app(?:lication)?|system|scenario)\\b|"
                    "\\b(?:actual|real)[ ](?:implementation|logic|code)[ ](?:goes|would go|should go|comes|will)\\b|"
                    "\\b(?:your|implementation|logic)[ ](?:code[ ])?(?:goes[ ])?here\\b|"
                    "\\b(?:will|to)[ ]be[ ]implemented[ ](?:later|soon|in the future)\\b|\\bimplement(?:ed)?[ "
                    "](?:this[ ])?later\\b|"
                    "\\bsimulat(?:e|ed|ing)[ ](?:the[ ]|an?[ "
                    "])?(?:api|response|result|work|success|behaviou?r)\\b[^\\n]{0,20}\\bfor[ ]now\\b)",
         .path = "a.js",
         .must_match =
                 "export function pay(cart) {\n        // Placeholder implementation for now\n        return 1;\n}\n",
         .must_not = "// The placeholder text of the field is shown until something is typed.\nfield.placeholder = "
                     "\"name\";\n",
         .text = "says that it stands in for the real thing"},
        {OF_STUBS, .id = "stub-elided", .level = GATE_BLOCK, .languages = IN_CODE, .view = VIEW_COMMENT,
         .hint = "est of|xisting|revious|ther|unchanged|same as",
         .pattern = "^[ \\t]*(?://|#|/\\*|\\*)[ \\t]*(?:\\.\\.\\.|\xe2\x80\xa6|\\[)[ ]{0,2}(?i:(?:the[ ])?(?:rest[ "
                    "]of|remaining|existing|previous|"
                    "other|all[ ]other)[ ](?:of[ ])?(?:the[ ]|your[ "
                    "])?(?:code|file|function|method|implementation|class|logic|imports|methods|"
                    "functions|tests)\\b[^\\n]{0,60}|(?:unchanged|same as (?:before|above))[^\\n]{0,20})$",
         .path = "a.py", .must_match = "def total(cart):\n    # ... existing code ...\n    return 0\n",
         .must_not = "# The rest of the code is generated, see gen.py.\n# existing code keeps working\n",
         .text = "leaves code out that a reader is to imagine"},
        {OF_STUBS, .id = "stub-not-implemented", .level = GATE_BLOCK,
         .languages = IN(C) | IN(CPP) | IN(JS) | IN(GO) | IN(JAVA), .view = VIEW_SOURCE, .place = OUTSIDE_TESTS,
         .hint = "throw|panic|assert|reject|errors.New|Errorf",
         .pattern =
                 "\\b(?:throw\\b[^;\\n\"'`]{0,80}|panic\\([^\"'`\\n]{0,30}|assert\\([ ]?(?:!|false|0)[^\"'`\\n]{0,10}|"
                 "reject\\([^\"'`\\n]{0,60}|return\\b[^;\\n\"'`]{0,40}(?:errors\\.New|fmt\\.Errorf)\\()" TEXT_NOT_DONE,
         .path = "a.js",
         .must_match = "export function total(cart) {\n        throw new Error(\"Not implemented\");\n}\n",
         .must_not = "if (!cart)\n        throw new Error(\"no cart\"); // not implemented by old servers\n",
         .text = "says that it is not implemented"},
        {OF_STUBS, .id = "stub-says-so", .level = GATE_WARN, .languages = IN_CODE, .view = VIEW_SOURCE,
         .place = OUTSIDE_TESTS, .hint = "mplement|MPLEMENT",
         .pattern = "\\b(?:f?printf|fputs|puts|perror|print|println|console\\.\\w{1,8}|echo|log\\w{0,6}(?:\\.\\w{1,10})"
                    "?|die|warn)[ (][^\"'`\\n]{0,60}" TEXT_NOT_DONE,
         .path = "a.sh", .must_match = "deploy() {\n        echo \"deploy: not implemented yet\"\n}\n",
         .must_not = "# prints what is not implemented\necho \"done\"\n", .text = "prints that it is not implemented"},
        {OF_STUBS, .id = "stub-rust-todo", .level = GATE_BLOCK, .languages = IN(RUST), .view = VIEW_CODE,
         .place = OUTSIDE_TESTS, .hint = "todo!|unimplemented!",
         .pattern = "(?<![\\w!])(?:todo|unimplemented)![ ]?[(\\[{]",
         .must_match = "fn total(cart: &Cart) -> u32 {\n    todo!()\n}\n",
         .must_not = "// todo!() was here\nfn total(cart: &Cart) -> u32 {\n    cart.sum(\"todo!()\")\n}\n",
         .text = "panics where the work should be"},
        {OF_STUBS, .id = "stub-java-unsupported", .level = GATE_WARN, .languages = IN(JAVA), .view = VIEW_CODE,
         .place = OUTSIDE_TESTS, .hint = "UnsupportedOperationException",
         .pattern = "\\{\\s{0,40}throw[ ]new[ ]UnsupportedOperationException\\(",
         .must_match = "class A {\n    int total() {\n        throw new UnsupportedOperationException();\n    }\n}\n",
         .must_not = "class A {\n    int total() {\n        if (frozen)\n            throw new "
                     "UnsupportedOperationException();\n"
                     "        return sum;\n    }\n}\n",
         .text = "throws where the work should be"},
        {OF_STUBS, .id = "stub-mock", .level = GATE_BLOCK, .languages = IN_CODE, .view = VIEW_SOURCE,
         .place = OUTSIDE_TESTS, .hint = "ock|ake|ummy",
         .pattern =
                 "\\breturn\\b[ "
                 "(\\[{]{0,4}(?:(?i:mock|fake|dummy)(?:ed)?_?(?i:data|response|results?|values?|users?|items?|records?|"
                 "payload|token|output)\\b|[\"'`](?i:mock|fake|dummy)[ "
                 "_-]?(?i:data|response|results?|values?|token|output)?[\"'`])",
         .path = "src/api.py", .must_match = "def rates():\n    return mock_data\n",
         .must_not = "def rates():\n    return mockery.load(\"fake\")\n\ndef dummy_head(n):\n    return dummy.next\n",
         .text = "returns made-up data"},
        {OF_STUBS, .id = "stub-mock-name", .level = GATE_WARN, .languages = IN_CODE, .view = VIEW_CODE,
         .place = OUTSIDE_TESTS, .hint = "ock|ake|ummy",
         .pattern = "\\breturn[ ](?:mock|fake|dummy|MOCK_|FAKE_|DUMMY_)(?:[A-Z_]\\w{0,40})[ ]?(?:;|$)",
         .path = "src/api.ts", .must_match = "export function rates() {\n        return mockRates;\n}\n",
         .must_not = "function head() {\n        return dummyHead.next;\n}\nreturn mockery;\n",
         .text = "returns what is called made-up data"},
        {OF_STUBS, .id = "stub-simulated", .level = GATE_WARN, .languages = IN_CODE, .view = VIEW_COMMENT,
         .place = OUTSIDE_TESTS, .hint = "imulat|retend",
         .pattern =
                 "(?i:\\b(?:simulat(?:e|es|ed|ing)|pretend(?:s|ing)?(?:[ ]to)?)[ ](?:an?[ ]|the[ "
                 "])?(?:asynchronous[ ]|async[ ])?(?:api|network|http|server|backend|remote|database|payment)\\b(?:[ "
                 "](?:call|request|response|delay|latency))?[ \\t.]*(?:$|\\*/))",
         .path = "src/api.ts",
         .must_match = "export async function pay() {\n        // Simulate API call\n        return ok();\n}\n",
         .must_not = "// Simulates a network with loss, see netem(8).\nexport const lossy = net(0.1);\n",
         .text = "says that it only plays the work"},
        {OF_STUBS, .id = "stub-todo", .level = GATE_WARN, .languages = IN_CODE, .view = VIEW_COMMENT,
         .hint = "TODO|FIXME|XXX|HACK", .pattern = "\\b(?:TODO|FIXME|XXX|HACK)\\b", .path = "a.c",
         .must_match = "int f(void)\n{\n        return g(); // TODO: errors\n}\n",
         .must_not =
                 "static const char title[] = \"TODO list\";\nint TODO = 1;\n// todos are kept in a list, XXXL is a "
                 "size\n",
         .text = "leaves a note of work that is not done"},
        {OF_STUBS, .id = "stub-only", .level = GATE_BLOCK, .languages = IN_CODE, .path = "src/a.c",
         .must_match = "--- src/a.c\nint total(struct cart *cart)\n{\n        return add(cart);\n}\n+++ src/a.c\nint "
                       "total(struct cart *cart)\n{\n        return 0;\n}\n",
         .must_not =
                 "int has_total(void)\n{\n        return 1;\n}\n\nint total(struct cart *cart)\n{\n        int sum = 0;"
                 "\n\n        for (int i = 0; i < cart->len; i++)\n                sum += cart->items[i];\n        "
                 "return "
                 "sum;\n}\n",
         .text = "and what is like it are nearly all that the change adds"},
};

const struct gate_rules rules_anti_stub = {rules, sizeof(rules) / sizeof(rules[0])};
