/*
 * Single patterns: what fits, what is refused and where, and the same again as regcomp(3) sees it.
 */
#include "ingest/base.h"
#include "agent_priv.h"

#include <regex.h>
#include <setjmp.h>
#include <cmocka.h>

static struct arena arena;
static struct err   err;

static enum st
compile(struct pattern *p, const char *text, bool fold)
{
    *p = (struct pattern){ .text = slice_of(text), .fold = fold };
    return pattern_compile(p, &arena, &err);
}

/* As agents.c asks, but without the automaton. */
static bool
fits(const struct pattern *p, const char *text)
{
    if (!p->plain)
        return pattern_fits(p, slice_of(text), true);
    return p->fold ? strcasestr(text, p->exact.p) != NULL : memmem(text, strlen(text), p->exact.p, p->exact.n) != NULL;
}

static void
what_fits(void **state)
{
    static const struct {
        const char *pattern, *yes[5], *no[5];
    } cases[] = {
        { "Googlebot\\/", { "Googlebot/2.1", "x Googlebot/" }, { "googlebot/", "Googlebot", "" } },
        { "[wW]get", { "wget", "GNU Wget/1.2" }, { "WGET", "get" } },
        { "AdsBot-Google([^-]|$)", { "AdsBot-Google", "AdsBot-Google (+x)" }, { "AdsBot-Google-Mobile", "AdsBot" } },
        { "Mediapartners \\(Googlebot\\)", { "Mediapartners (Googlebot)" }, { "Mediapartners Googlebot" } },
        { "^Apache-HttpClient", { "Apache-HttpClient/4" }, { "x Apache-HttpClient" } },
        { "(^| )PTST\\/", { "PTST/1", "x PTST/1" }, { "xPTST/1" } },
        { "Ahrefs(Bot|SiteAudit)", { "AhrefsBot", "AhrefsSiteAudit" }, { "Ahrefs", "AhrefsSite" } },
        { "Feed\\/\\d\\.\\d+ x", { "Feed/2.10 x" }, { "Feed/2. x", "Feed/a.1 x" } },
        { "^.?$", { "", "x" }, { "xy" } },
        { "^ruby$", { "ruby" }, { "ruby ", " ruby", "rub" } },
        { "[^a]fish", { "xfish", " fish" }, { "fish", "afish" } },
        { "Safeassign[\\+\\s]x", { "Safeassign+x", "Safeassign x" }, { "Safeassignx" } },
        { "bot[+:,\\.\\;\\/\\\\-]", { "bot+", "bot.", "bot\\", "bot-" }, { "bot", "bots" } },
        { "colou?r", { "color", "colour" }, { "colouur" } },
        { "(?:ab)+c", { "abc", "ababc" }, { "c", "aabbc" } },
        { "ab*c", { "ac", "abbbc" }, { "adc" } },
        { "x{2}y{1,}z{0,2}$", { "xxy", "xxxyyz", "xxyzz" }, { "xy", "xxyzzz" } },
        { "x{,2}", { "x{,2}" }, { "xx" } },
        { "a{b}", { "a{b}" }, { "ab" } },
        { "(a|b){2}c", { "abc", "bac", "xbbc" }, { "ac", "a-bc" } },
        { "(?i)AbC", { "abc", "ABC" }, { "ab" } },
        { "\\bbot", { "bot", " bot", "a-bot" }, { "robot", "_bot" } },
        { "bot\\b", { "bot", "bot/1" }, { "bots", "bot_" } },
        { "a|^b|c$", { "xax", "bx", "xc" }, { "xb", "cx" } },
        { "[]x]y", { "]y", "xy" }, { "y" } },
        { "[a-]x", { "-x", "ax" }, { "bx" } },
        { "[\\d-]x", { "1x", "-x" }, { "ax" } },
        { "\xc3\xa9t", { "\xc3\xa9t\xc3\xa9" }, { "et" } },
        { "(\xc3\xa9)+t", { "\xc3\xa9\xc3\xa9t" }, { "\xa9t" } },
        { "\\W$", { "a-", "\xff" }, { "a", "" } },
        { "^[^$^]$", { "a" }, { "^", "$" } },
        { "a\\^b\\$", { "a^b$" }, { "ab" } },
        { "x*^a", { "a" }, { "xa", "ba" } },
        { "a+?b", { "aab" }, { "b" } },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pattern p;

        if (compile(&p, cases[i].pattern, false) != ST_OK)
            fail_msg("%s: %s", cases[i].pattern, err.cause);
        for (size_t k = 0; cases[i].yes[k] != NULL; k++)
            if (!fits(&p, cases[i].yes[k]))
                fail_msg("%s does not fit \"%s\"", cases[i].pattern, cases[i].yes[k]);
        for (size_t k = 0; cases[i].no[k] != NULL; k++)
            if (fits(&p, cases[i].no[k]))
                fail_msg("%s fits \"%s\"", cases[i].pattern, cases[i].no[k]);
    }
}

static void
what_is_refused_and_where(void **state)
{
    static const struct {
        const char *pattern, *cause;
    } cases[] = {
        { "", "byte 1 of \"\": it fits every user agent" },
        { "a*", "byte 1 of \"a*\": it fits every user agent" },
        { "a|", "byte 1 of \"a|\": it fits every user agent" },
        { "(|a)", "byte 1 of \"(|a)\": it fits every user agent" },
        { "ab(", "byte 3 of \"ab(\": this \"(\" is never closed" },
        { "ab)", "byte 3 of \"ab)\": this \")\" closes nothing" },
        { "a[b", "byte 2 of \"a[b\": this \"[\" is never closed" },
        { "a[]", "byte 2 of \"a[]\": this \"[\" is never closed" },
        { "a\\", "byte 2 of \"a\\\": a backslash with nothing behind it" },
        { "*a", "byte 1 of \"*a\": there is nothing to repeat" },
        { "a**", "byte 3 of \"a**\": there is nothing to repeat" },
        { "(?=a)b", "byte 1 of \"(?=a)b\": of all (?...) only" },
        { "(?<!cu)bot", "byte 1 of" },
        { "a(?i)b", "byte 2 of" },
        { "(a)\\1", "byte 4 of \"(a)\\1\": this escape is not known" },
        { "\\pL", "byte 1 of" },
        { "a\\bc", "byte 2 of \"a\\bc\": \\b is known at the beginning and the end" },
        { "[z-a]", "byte 2 of \"[z-a]\": this range goes backwards" },
        { "[\\d-z]", "byte 2 of" },
        { "[[:alpha:]]", "byte 2 of \"[[:alpha:]]\": [:names:] are not known" },
        { "[\xc3\xa9]", "byte 2 of" },
        { "x\xc3\xa9+", "byte 4 of" },
        { "a{3,2}", "byte 2 of" },
        { "a{999}", "byte 2 of" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pattern p;

        memset(&err, 0, sizeof err);
        if (compile(&p, cases[i].pattern, true) != ST_USAGE)
            fail_msg("%s was taken", cases[i].pattern);
        if (strncmp(err.cause, cases[i].cause, strlen(cases[i].cause)) != 0)
            fail_msg("%s: %s", cases[i].pattern, err.cause);
    }
}

/* Patterns that would take for ever, or all memory, if each bracket did what it says. */
static void
bombs_end(void **state)
{
    static const char *const bombs[] = {
        "((((((((a{99}){99}){99}){99}){99}){99}){99}){99}){99}",
        "((((((){255}){255}){255}){255}){255})x",
        "(((((((((((((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))))))))))))",
        "(a{200}b){2}",
    };
    char *brackets = malloc(4001);
    struct pattern p;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bombs); i++)
        assert_int_equal(compile(&p, bombs[i], false), ST_USAGE);
    assert_non_null(brackets);
    memset(brackets, '(', 4000);
    brackets[4000] = '\0';
    assert_int_equal(compile(&p, brackets, false), ST_USAGE);
    memset(brackets, 'a', 4000);
    assert_int_equal(compile(&p, brackets, false), ST_OK); /* plain text may be long */
    assert_true(p.plain && p.exact.n == 4000);
    free(brackets);
}

static void
factors_are_the_longest_text(void **state)
{
    static const struct {
        const char *pattern, *factors; /* separated by blanks */
        bool        plain;
    } cases[] = {
        { "Googlebot\\/", "googlebot/", true },
        { "[wW]get", "wget", false },
        { "ab?cde", "cde", false },
        { "abc?de", "ab", false },
        { "abc+de", "abc", false },
        { "abc{2}de", "abc", false },
        { "AdsBot([^-]|$)", "adsbot", false },
        { "^LCC_x", "lcc_x", false },
        { "ab|cde|f.ghi", "ab cde ghi", false },
        { "ab|[0-9]", "", false },
        { "(bot|crawl)", "bot crawl", false },
        { "^(curl|Wget)[/ ]", "curl wget", false },
        { "(a|bb)cc(ddd|eee)?", "cc", false },
        { "(ab|c(dd|ee))f", "ab dd ee", false },
        { "(ab|[0-9])", "", false },
        { "(abc)*d", "d", false },
        { "(abc){2}d", "abc", false },
        { "a(bc)d", "bc", false },
        { "xx(b|)", "xx", false },
        { "x.y.zz", "zz", false },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pattern p;
        char got[100] = "";

        assert_int_equal(compile(&p, cases[i].pattern, false), ST_OK);
        for (size_t k = 0; k < p.n_factors; k++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", k == 0 ? "" : " ",
                     (int)p.factors[k].n, p.factors[k].p);
        assert_string_equal(got, cases[i].factors);
        assert_int_equal(p.plain, cases[i].plain);
    }
}

/* ---- against regcomp(3) ---- */

static uint64_t seed = 88172645463325252u;

static unsigned
chance(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % n);
}

/* A random pattern in what both understand. */
static void
grow(char *out, size_t cap, unsigned depth)
{
    static const char *const atoms[] = { "a", "b", "c", "[ab]", "[^a]", ".", "-", "ab", "\\.", "[a-c]" };
    static const char *const times[] = { "", "", "", "?", "*", "+", "{2}", "{1,3}", "{0,1}", "{2,}" };
    unsigned n = 1 + chance(4);

    for (unsigned i = 0; i < n; i++) {
        size_t used = strlen(out);

        if (cap - used < 60)
            return;
        if (depth < 3 && chance(4) == 0) {
            strncat(out, "(", cap - strlen(out) - 1);
            if (chance(6) == 0)
                strncat(out, "^|", cap - strlen(out) - 1);
            grow(out, cap - 30, depth + 1);
            if (chance(2) == 0) {
                strncat(out, "|", cap - strlen(out) - 1);
                grow(out, cap - 20, depth + 1);
            }
            if (chance(6) == 0)
                strncat(out, "|$", cap - strlen(out) - 1);
            strncat(out, ")", cap - strlen(out) - 1);
            if (strchr(out + used, '^') != NULL || strchr(out + used, '$') != NULL)
                continue; /* of repeated anchors the two think differently */
        } else {
            strncat(out, atoms[chance(ARRAY_LEN(atoms))], cap - strlen(out) - 1);
        }
        strncat(out, times[chance(ARRAY_LEN(times))], cap - strlen(out) - 1);
    }
}

static void
agrees_with_regcomp(void **state)
{
    unsigned compared = 0;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        char pattern[300] = "", text[20];
        struct pattern p;
        regex_t re;

        if (chance(5) == 0)
            strncat(pattern, "^", 2);
        grow(pattern, sizeof pattern - 4, 0);
        if (chance(5) == 0)
            strncat(pattern, "$", 2);
        arena_reset(&arena);
        if (compile(&p, pattern, false) != ST_OK)
            continue;
        assert_int_equal(regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB), 0);
        for (int i = 0; i < 30; i++) {
            size_t n = chance(sizeof text);
            bool want, got, held = p.n_factors == 0;

            for (size_t k = 0; k < n; k++)
                text[k] = "abc-."[chance(5)];
            text[n] = '\0';
            want = regexec(&re, text, 0, NULL, 0) == 0;
            got = fits(&p, text);
            if (want != got)
                fail_msg("%s and \"%s\": regexec says %d", pattern, text, want);
            for (size_t k = 0; k < p.n_factors; k++)
                held = held || memmem(text, n, p.factors[k].p, p.factors[k].n) != NULL;
            if (want && !held)
                fail_msg("%s fits \"%s\", which holds none of its factors", pattern, text);
            compared++;
        }
        regfree(&re);
    }
    assert_true(compared > 20000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits),
        cmocka_unit_test(what_is_refused_and_where),
        cmocka_unit_test(bombs_end),
        cmocka_unit_test(factors_are_the_longest_text),
        cmocka_unit_test(agrees_with_regcomp),
    };
    int rc;

    arena_init(&arena, SIZE_MAX);
    rc = cmocka_run_group_tests(tests, NULL, NULL);
    arena_release(&arena);
    return rc;
}
