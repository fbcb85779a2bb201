/*
 * Is it a version by Semantic Versioning 2.0.0 (semver.org, sections 2, 9 and 10; the grammar at
 * its end)?
 *
 *   MAJOR.MINOR.PATCH [ - ID.ID... ] [ + ID.ID... ]
 *
 * Numbers have no leading zero; nor has an ID before the '+' that is all digits. One look at each
 * byte: where we are and what the byte is tell where we go.
 */
#include "ingest/base.h"
#include "semver.h"

enum byte_class { OTHER, ZERO, DIGIT, LETTER, DASH, DOT, PLUS, CLASSES_N };

#define LETTERS_FROM(a) \
    [a] = LETTER, [a + 1] = LETTER, [a + 2] = LETTER, [a + 3] = LETTER, [a + 4] = LETTER, \
    [a + 5] = LETTER, [a + 6] = LETTER, [a + 7] = LETTER, [a + 8] = LETTER, [a + 9] = LETTER, \
    [a + 10] = LETTER, [a + 11] = LETTER, [a + 12] = LETTER

static const uint8_t classes[256] = {
    ['0'] = ZERO,
    ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT, ['5'] = DIGIT,
    ['6'] = DIGIT, ['7'] = DIGIT, ['8'] = DIGIT, ['9'] = DIGIT,
    LETTERS_FROM('A'), LETTERS_FROM('N'), LETTERS_FROM('a'), LETTERS_FROM('n'),
    ['-'] = DASH, ['.'] = DOT, ['+'] = PLUS,
};

enum state {
    WRONG,              /* whatever is not in the table goes here, and stays */
    MAJOR, MAJOR_0, MAJOR_N,
    MINOR, MINOR_0, MINOR_N,
    PATCH, PATCH_0, PATCH_N,
    PRE,                /* an ID of the prerelease begins */
    PRE_0, PRE_N,       /* a number so far */
    PRE_0N,             /* a number with a leading zero so far: a letter may still save it */
    PRE_ID,
    BUILD, BUILD_ID,
    STATES_N
};

static const uint8_t next[STATES_N][CLASSES_N] = {
    [MAJOR] = { [ZERO] = MAJOR_0, [DIGIT] = MAJOR_N },
    [MAJOR_0] = { [DOT] = MINOR },
    [MAJOR_N] = { [ZERO] = MAJOR_N, [DIGIT] = MAJOR_N, [DOT] = MINOR },
    [MINOR] = { [ZERO] = MINOR_0, [DIGIT] = MINOR_N },
    [MINOR_0] = { [DOT] = PATCH },
    [MINOR_N] = { [ZERO] = MINOR_N, [DIGIT] = MINOR_N, [DOT] = PATCH },
    [PATCH] = { [ZERO] = PATCH_0, [DIGIT] = PATCH_N },
    [PATCH_0] = { [DASH] = PRE, [PLUS] = BUILD },
    [PATCH_N] = { [ZERO] = PATCH_N, [DIGIT] = PATCH_N, [DASH] = PRE, [PLUS] = BUILD },
    [PRE] = { [ZERO] = PRE_0, [DIGIT] = PRE_N, [LETTER] = PRE_ID, [DASH] = PRE_ID },
    [PRE_0] = { [ZERO] = PRE_0N, [DIGIT] = PRE_0N, [LETTER] = PRE_ID, [DASH] = PRE_ID,
                [DOT] = PRE, [PLUS] = BUILD },
    [PRE_N] = { [ZERO] = PRE_N, [DIGIT] = PRE_N, [LETTER] = PRE_ID, [DASH] = PRE_ID,
                [DOT] = PRE, [PLUS] = BUILD },
    [PRE_0N] = { [ZERO] = PRE_0N, [DIGIT] = PRE_0N, [LETTER] = PRE_ID, [DASH] = PRE_ID },
    [PRE_ID] = { [ZERO] = PRE_ID, [DIGIT] = PRE_ID, [LETTER] = PRE_ID, [DASH] = PRE_ID,
                 [DOT] = PRE, [PLUS] = BUILD },
    [BUILD] = { [ZERO] = BUILD_ID, [DIGIT] = BUILD_ID, [LETTER] = BUILD_ID, [DASH] = BUILD_ID },
    [BUILD_ID] = { [ZERO] = BUILD_ID, [DIGIT] = BUILD_ID, [LETTER] = BUILD_ID, [DASH] = BUILD_ID,
                   [DOT] = BUILD },
};

static const bool is_end[STATES_N] = {
    [PATCH_0] = true, [PATCH_N] = true, [PRE_0] = true, [PRE_N] = true, [PRE_ID] = true,
    [BUILD_ID] = true,
};

bool
semver_is_strict(struct slice s)
{
    unsigned state = MAJOR;

    for (size_t i = 0; i < s.n; i++)
        state = next[state][classes[(unsigned char)s.p[i]]];
    return is_end[state];
}
