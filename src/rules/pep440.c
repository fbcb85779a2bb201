/*
 * Is it a version by PEP 440, in any of the spellings that its appendix B lets pass?
 *
 *   [v] [N!] N(.N)*  [{a|b|c|rc|alpha|beta|pre|preview} N]  [-N | {post|rev|r} N]  [dev N] [+local]
 *
 * Before and behind each word '.', '-' and '_' may stand, the words' numbers may be left out, and
 * case does not matter.
 */
#include "ingest/base.h"
#include "rules_priv.h"

static bool
is_separator(char c)
{
    return c == '.' || c == '-' || c == '_';
}

static size_t
digits_at(struct slice s, size_t at)
{
    size_t first = at;

    while (at < s.n && is_digit(s.p[at]))
        at++;
    return at - first;
}

/*
 * One of `words` at `at`, with separators and its number; how many bytes, 0 if none stands there.
 */
static size_t
word_at(struct slice s, size_t at, const char *const *words, size_t n_words)
{
    size_t first = at, n;

    if (at < s.n && is_separator(s.p[at]))
        at++;
    for (size_t i = 0; i < n_words; i++) {
        n = strlen(words[i]);
        if (s.n - at < n || strncasecmp(s.p + at, words[i], n) != 0)
            continue;
        at += n;
        if (at + 1 < s.n && is_separator(s.p[at]) && is_digit(s.p[at + 1]))
            at++;
        return at + digits_at(s, at) - first;
    }
    return 0;
}

static bool
is_local(struct slice s)
{
    bool empty = true;

    for (size_t i = 0; i < s.n; i++) {
        char c = (char)(s.p[i] | 0x20);

        if (is_separator(s.p[i])) {
            if (empty)
                return false;
            empty = true;
        } else if (is_digit(s.p[i]) || (c >= 'a' && c <= 'z')) {
            empty = false;
        } else {
            return false;
        }
    }
    return !empty;
}

bool
pep440_is_version(struct slice s)
{
    static const char *const pre[] = { "alpha", "a", "beta", "b", "preview", "pre", "rc", "c" };
    static const char *const post[] = { "post", "rev", "r" }, *const dev[] = { "dev" };
    size_t at = s.n > 0 && (s.p[0] | 0x20) == 'v', n = digits_at(s, at);

    if (n == 0)
        return false;
    at += n;
    if (at < s.n && s.p[at] == '!') {
        if ((n = digits_at(s, at + 1)) == 0)
            return false;
        at += 1 + n;
    }
    while (at + 1 < s.n && s.p[at] == '.' && (n = digits_at(s, at + 1)) > 0)
        at += 1 + n;
    at += word_at(s, at, pre, ARRAY_LEN(pre));
    if (at + 1 < s.n && s.p[at] == '-' && is_digit(s.p[at + 1]))
        at += 1 + digits_at(s, at + 1);
    else
        at += word_at(s, at, post, ARRAY_LEN(post));
    at += word_at(s, at, dev, ARRAY_LEN(dev));
    return at == s.n || (s.p[at] == '+' && is_local(slice_from(s, at + 1)));
}
