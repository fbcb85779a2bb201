/*
 * Is it a version by Semantic Versioning 2.0.0 (semver.org, sections 2, 9 and 10; the grammar at
 * its end)?
 *
 *   MAJOR.MINOR.PATCH [ - ID.ID... ] [ + ID.ID... ]
 *
 * Numbers have no leading zero; nor has an ID before the '+' that is all digits.
 */
#include "ingest/base.h"
#include "rules_priv.h"

static bool
is_id_byte(char c)
{
    return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

/* A number at *at, which moves behind it. Any size: nothing here computes with it. */
static bool
take_number(struct slice s, size_t *at)
{
    size_t first = *at;

    while (*at < s.n && is_digit(s.p[*at]))
        ++*at;
    return *at > first && (s.p[first] != '0' || *at == first + 1);
}

static bool
take_byte(struct slice s, size_t *at, char c)
{
    if (*at == s.n || s.p[*at] != c)
        return false;
    ++*at;
    return true;
}

enum zeros { ZEROS_LEAD, ZEROS_REFUSED };

/* IDs with dots between them. */
static bool
take_ids(struct slice s, size_t *at, enum zeros zeros)
{
    do {
        size_t first = *at;
        bool number = true;

        for (; *at < s.n && is_id_byte(s.p[*at]); ++*at)
            number = number && is_digit(s.p[*at]);
        if (*at == first)
            return false;
        if (zeros == ZEROS_REFUSED && number && s.p[first] == '0' && *at > first + 1)
            return false;
    } while (take_byte(s, at, '.'));
    return true;
}

bool
semver_is_strict(struct slice s)
{
    size_t at = 0;

    if (!take_number(s, &at) || !take_byte(s, &at, '.') || !take_number(s, &at) ||
        !take_byte(s, &at, '.') || !take_number(s, &at))
        return false;
    if (take_byte(s, &at, '-') && !take_ids(s, &at, ZEROS_REFUSED))
        return false;
    if (take_byte(s, &at, '+') && !take_ids(s, &at, ZEROS_LEAD))
        return false;
    return at == s.n;
}
