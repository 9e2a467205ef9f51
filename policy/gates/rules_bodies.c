/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules of the gate anti_stub that look at whole functions: a body that does nothing, says nothing but a constant, or only raises. On
 * their own most of them warn, since interfaces, hooks and predicates are written so for good reasons; a change of which nearly all is
 * such bodies is refused (policy/gates/anti_stub.c, "stub-only").
 */
#include "policy/gates/rules.h"

#define BODY .gate = GATE_ANTI_STUB, .view = VIEW_CODE, .place = OUTSIDE_TESTS

/* Parentheses within each other to the depth that parameters have. */
#define ARGS "\\([^()]{0,1000}+(?:\\([^()]{0,300}+(?:\\([^()]{0,200}+\\)[^()]{0,200}+){0,4}\\)[^()]{0,500}+){0,12}\\)"

/* Python. Comments and the inside of texts are blank here. */
#define PY_BLANK "(?:[ \\t]*\\n){0,10}"
#define PY_DOC                                                                                                         \
        "(?:[ \\t]+[rRuU]?(?:\"\"\"\\s{0,8000}\"\"\"|'''\\s{0,8000}'''|\"[ \\t]{0,400}\"|'[ \\t]{0,400}')[ \\t]*\\n)?"
#define PY_TO_BODY                                                                                                     \
        "[ \\t]*" ARGS "[ \\t]*(?:->[^:\\n]{0,200})?:(?:[ \\t]*\\n" PY_BLANK PY_DOC PY_BLANK "[ \\t]+|[ \\t]*)"
#define PY_FUNCTION "^(?:async[ \\t]+)?def[ \\t]+(?!_?(?:noop|nop|null|do_nothing|ignore|dummy))\\w+" PY_TO_BODY
#define PY_METHOD                                                                                                      \
        "(?<!abstractmethod|overload)\\n(?<indent>[ \\t]+)(?:async[ \\t]+)?def[ "                                      \
        "\\t]+(?!__|_?(?:noop|nop|null))\\w+" PY_TO_BODY
#define PY_END0                                                                                                        \
        "[ \\t]*$(?!"                                                                                                  \
        "\\n" PY_BLANK "[ \\t]+\\S)"
#define PY_END                                                                                                         \
        "[ \\t]*$(?!"                                                                                                  \
        "\\n" PY_BLANK "\\k<indent>[ \\t]+\\S)"

/* Languages with braces. */
#define EMPTY "\\{\\s{0,400}\\}"
/* What silences a compiler about parameters that nobody uses. */
#define UNUSED "(?:\\([ ]?void[ ]?\\)[ ]?\\w{1,60};\\s{0,100}){0,12}"
#define LITERAL                                                                                                        \
        "(?:-?\\d[\\w.]{0,30}|true|false|null|nullptr|NULL|nil|None|True|False|undefined|\"[ ]{0,200}\"|'[ "           \
        "]{0,200}'|`[ ]{0,200}`|"                                                                                      \
        "\\[[ ]?\\]|\\{[ ]?\\}|\\([ ]?\\)|Ok\\(\\(\\)\\)|Vec::new\\(\\)|String::new\\(\\)|Default::default\\(\\))"
#define RETURNS "\\{\\s{0,400}(?<at>return[ ]\\(?" LITERAL "\\)?)[ ]?;?\\s{0,400}\\}"

#define C_HEAD                                                                                                         \
        "^(?!(?:return|else|if|while|for|switch|do|namespace|extern|struct|union|enum|class|template|typedef|#)\\b)(?" \
        ":[A-Za-z_][\\w:<>,]{0,60}[ \\t*&]{1,8}){1,6}\\*{0,2}"
#define C_NAME "(?!operator)(?:\\w{1,80}::){0,4}\\w{1,80}[ \\t]{0,2}"
#define C_TAIL "(?:[ \\t]{0,4}(?:const|noexcept|override|final)){0,4}\\s{0,40}"
#define JS_HEAD                                                                                                        \
        "^[ \\t]*(?:export[ ](?:default[ ])?)?(?:async[ ])?function[ ]?\\*?[ ]?(?!_?(?:noop|nop))[\\w$]{1,80}[ ]?"
#define JS_TAIL "(?:[ ]?:[^={}\\n;]{1,100})?\\s{0,20}"
#define GO_HEAD "^func[ ](?:\\([^()\\n]{0,100}\\)[ ])?(?!_)\\w{1,80}(?:\\[[^\\]\\n]{0,100}\\])?"
#define GO_TAIL "[^{}\\n]{0,120}[ ]"
#define RUST_HEAD                                                                                                      \
        "^[ \\t]*(?:pub(?:\\([^)\\n]{0,40}\\))?[ ])?(?:const[ ]|async[ ]|unsafe[ ]){0,3}fn[ "                          \
        "]\\w{1,80}(?:<[^{}\\n]{0,200}>)?"
#define RUST_TAIL "[^{};]{0,200}"
#define JAVA_HEAD                                                                                                      \
        "^[ \\t]*(?:(?:public|protected|private|static|final|synchronized)[ ]){1,5}(?:<[^>\\n]{0,60}>[ "               \
        "])?[\\w.<>\\[\\], ?]{1,100}[ ]\\w{1,80}[ ]?"
#define JAVA_TAIL "(?:[ ]throws[ ][\\w., ]{1,100})?\\s{0,20}"

static const struct gate_rule rules[] = {
        {BODY, .id = "stub-pass-function", .level = GATE_BLOCK, .languages = IN(PYTHON), .hint = "pass|...",
         .pattern = "(?<!overload\\n)" PY_FUNCTION "(?<at>pass|\\.\\.\\.)" PY_END0,
         .must_match =
                 "def total(cart):\n    \"\"\"The sum of a cart.\"\"\"\n    pass\n\n\ndef other():\n    return f()\n",
         .must_not = "import typing\n\n@overload\ndef total(cart: int) -> int: ...\n\n\ndef real(x):\n    pass\n    "
                     "return x\n",
         .text = "is a function that does nothing"},
        {BODY, .id = "stub-pass-method", .level = GATE_WARN, .languages = IN(PYTHON), .hint = "pass|...",
         .pattern = PY_METHOD "(?<at>pass|\\.\\.\\.)" PY_END,
         .must_match = "class Cart:\n    def total(self):\n        pass\n\n    def other(self):\n        return 1\n",
         .must_not = "class Cart:\n    @abstractmethod\n    def total(self):\n        pass\n\n    def "
                     "__init__(self):\n        pass\n",
         .text = "is a method that does nothing"},
        {BODY, .id = "stub-raise-function", .level = GATE_BLOCK, .languages = IN(PYTHON), .hint = "NotImplemented",
         .pattern = PY_FUNCTION
         "(?<at>raise[ ]NotImplementedError|return[ ]NotImplemented\\b)(?:\\([^\\n]{0,200})?" PY_END0,
         .must_match = "def total(cart):\n    raise NotImplementedError(\"later\")\n",
         .must_not = "def total(cart):\n    if cart.foreign:\n        raise NotImplementedError(\"foreign\")\n    "
                     "return sum(cart)\n",
         .text = "is a function that is not implemented"},
        {BODY, .id = "stub-raise-method", .level = GATE_WARN, .languages = IN(PYTHON), .hint = "NotImplemented",
         .pattern =
                 PY_METHOD "(?<at>raise[ ]NotImplementedError|return[ ]NotImplemented\\b)(?:\\([^\\n]{0,200})?" PY_END,
         .must_match = "class Cart:\n    def total(self):\n        raise NotImplementedError\n",
         .must_not =
                 "class Cart:\n    @abstractmethod\n    def total(self):\n        raise NotImplementedError\n\n    def "
                 "__eq__(self, other):\n        return NotImplemented\n",
         .text = "is a method that is not implemented"},
        {BODY, .id = "stub-constant-python", .level = GATE_WARN, .languages = IN(PYTHON), .hint = "return",
         .pattern = PY_FUNCTION "(?<at>return[ ]\\(?" LITERAL "\\)?)" PY_END0,
         .must_match = "def total(cart):\n    \"\"\"The sum of a cart.\"\"\"\n    return 0\n",
         .must_not = "def total(cart):\n    if cart:\n        return 0\n    return sum(cart)\n\n\ndef name():\n    "
                     "return title()\n",
         .text = "is a function that always returns the same"},
        {BODY, .id = "stub-empty-c", .level = GATE_WARN, .languages = IN(C) | IN(CPP), .hint = "{",
         .pattern = C_HEAD C_NAME ARGS C_TAIL "(?<at>\\{\\s{0,400}" UNUSED "\\})", .path = "a.c",
         .must_match = "int x;\n\nvoid flush(struct cart *cart)\n{\n        /* nothing here */\n}\n",
         .must_not =
                 "void flush(struct cart *cart)\n{\n        write_all(cart);\n}\nint none[] = {};\nwhile (f(x)) {}\n",
         .text = "is a function that does nothing"},
        {BODY, .id = "stub-constant-c", .level = GATE_WARN, .languages = IN(C) | IN(CPP), .hint = "return",
         .pattern = C_HEAD C_NAME ARGS C_TAIL "\\{\\s{0,400}" UNUSED "(?<at>return[ ]\\(?" LITERAL
                                              "\\)?)[ ]?;\\s{0,400}\\}",
         .path = "a.c", .must_match = "int total(struct cart *cart)\n{\n        return 0;\n}\n",
         .must_not = "int total(struct cart *cart)\n{\n        count++;\n        return 0;\n}\n",
         .text = "is a function that always returns the same"},
        {BODY, .id = "stub-empty-js", .level = GATE_WARN, .languages = IN(JS), .hint = "function",
         .pattern = JS_HEAD ARGS JS_TAIL "(?<at>" EMPTY ")", .must_match = "export function save(cart) {\n}\n",
         .must_not = "function noop() {}\nlist.forEach(() => {});\nfunction save(cart) {\n        store(cart);\n}\n",
         .text = "is a function that does nothing"},
        {BODY, .id = "stub-constant-js", .level = GATE_WARN, .languages = IN(JS), .hint = "return",
         .pattern = JS_HEAD ARGS JS_TAIL RETURNS,
         .must_match = "export function total(cart) {\n        return 42;\n}\n",
         .must_not = "function total(cart) {\n        return cart.sum;\n}\n",
         .text = "is a function that always returns the same"},
        {BODY, .id = "stub-arrow-js", .level = GATE_WARN, .languages = IN(JS), .hint = "=>",
         .pattern = "^[ \\t]*(?:export[ ])?(?:const|let|var)[ ](?!_?(?:noop|nop|EMPTY|empty))[\\w$]{1,80}(?:[ "
                    "]?:[^=\\n]{1,100})?[ ]=[ "
                    "](?:async[ ])?" ARGS "(?:[ ]?:[^={}\\n;]{1,100})?[ ]?=>[ ]?(?<at>" EMPTY "|" LITERAL
                    "[ ]?;?[ \\t]*$|" RETURNS ")",
         .must_match = "export const total = async (cart, rate) => 0;\n",
         .must_not = "const noop = () => {};\nconst total = (cart) => cart.sum;\nlist.map((x) => 0);\nconst f = (a) => "
                     "{\n        return a;\n};\n",
         .text = "is a function that does nothing of its own"},
        {BODY, .id = "stub-empty-go", .level = GATE_WARN, .languages = IN(GO), .hint = "func",
         .pattern = GO_HEAD ARGS GO_TAIL "(?<at>" EMPTY ")", .must_match = "package a\n\nfunc Flush(c *Cart) {\n}\n",
         .must_not = "package a\n\nfunc Flush(c *Cart) {\n\tc.write()\n}\n", .text = "is a function that does nothing"},
        {BODY, .id = "stub-constant-go", .level = GATE_WARN, .languages = IN(GO), .hint = "return",
         .pattern = GO_HEAD ARGS GO_TAIL RETURNS,
         .must_match = "package a\n\nfunc Total(c *Cart) int {\n\treturn 0\n}\n",
         .must_not = "package a\n\nfunc Total(c *Cart) int {\n\treturn c.sum\n}\n",
         .text = "is a function that always returns the same"},
        {BODY, .id = "stub-empty-rust", .level = GATE_WARN, .languages = IN(RUST), .hint = "fn ",
         .pattern = RUST_HEAD ARGS RUST_TAIL "(?<at>" EMPTY ")", .must_match = "pub fn flush(cart: &Cart) {\n}\n",
         .must_not = "pub fn flush(cart: &Cart) {\n    cart.write();\n}\n", .text = "is a function that does nothing"},
        {BODY, .id = "stub-constant-rust", .level = GATE_WARN, .languages = IN(RUST), .hint = "fn ",
         .pattern = RUST_HEAD ARGS RUST_TAIL "\\{\\s{0,400}(?<at>(?:return[ ])?" LITERAL ")[ ]?;?\\s{0,400}\\}",
         .must_match = "pub fn total(cart: &Cart) -> u32 {\n    0\n}\n",
         .must_not = "pub fn total(cart: &Cart) -> u32 {\n    cart.sum\n}\n",
         .text = "is a function that always returns the same"},
        {BODY, .id = "stub-empty-java", .level = GATE_WARN, .languages = IN(JAVA), .hint = "void",
         .pattern = JAVA_HEAD ARGS JAVA_TAIL "(?<at>" EMPTY ")",
         .must_match = "class A {\n    public void flush(Cart cart) {\n    }\n}\n",
         .must_not = "class A {\n    private A() {\n    }\n    public void flush(Cart cart) {\n        cart.write();\n "
                     "   }\n}\n",
         .text = "is a method that does nothing"},
        {BODY, .id = "stub-constant-java", .level = GATE_WARN, .languages = IN(JAVA), .hint = "return",
         .pattern = "(?<!@Override\\n)" JAVA_HEAD ARGS JAVA_TAIL RETURNS,
         .must_match = "class A {\n    public int total(Cart cart) {\n        return 0;\n    }\n}\n",
         .must_not = "class A {\n    public int total(Cart cart) {\n        return cart.sum;\n    }\n}\n",
         .text = "is a method that always returns the same"},
        {BODY, .id = "stub-empty-shell", .level = GATE_BLOCK, .languages = IN(SHELL), .hint = "()|function",
         .pattern = "^[ \\t]*(?:function[ ]\\w{1,80}(?:[ ]?\\([ ]?\\))?|\\w{1,80}[ ]?\\([ "
                    "]?\\))\\s{0,10}\\{\\s{1,400}(?<at>:|true|return(?:[ ]0)?|exit[ ]0)[ ]?;?\\s{1,400}\\}",
         .must_match = "deploy() {\n        # later\n        true\n}\n",
         .must_not = "deploy() {\n        : \"${x:=1}\"\n        copy \"$x\"\n}\n",
         .text = "is a function that does nothing"},
};

const struct gate_rules rules_bodies = {rules, sizeof(rules) / sizeof(rules[0])};
