/*
 * What servers escape in the words of strangers, undone.
 */
#include "request.h"

#include "ingest/num.h"

/*
 * The byte that stands for the escape at s.p[0] == '\\', and in *n how long the escape is; *n 0: it
 * is none.
 */
static char
unescape_one(struct slice s, size_t *n)
{
    static const char letters[] = "\"\\nrtbfv", bytes[] = "\"\\\n\r\t\b\f\v";
    const char *letter;

    *n = 0;
    if (s.n < 2 || s.p[1] == '\0')
        return 0;
    if (s.p[1] == 'x') {
        if (s.n < 4 || num_hex_digit(s.p[2]) < 0 || num_hex_digit(s.p[3]) < 0)
            return 0;
        *n = 4;
        return (char)(num_hex_digit(s.p[2]) << 4 | num_hex_digit(s.p[3]));
    }
    letter = strchr(letters, s.p[1]);
    if (letter == NULL)
        return 0;
    *n = 2;
    return bytes[letter - letters];
}

bool
request_unescape(struct arena *a, struct slice *text)
{
    char *out = arena_alloc(a, text->n);
    size_t n = 0, step;

    if (out == NULL)
        return false;
    for (size_t i = 0; i < text->n; i += step) {
        out[n] = text->p[i];
        step = 1;
        if (text->p[i] == '\\') {
            char c = unescape_one((struct slice){ text->p + i, text->n - i }, &step);

            if (step > 0)
                out[n] = c;
            else
                step = 1;
        }
        n++;
    }
    *text = (struct slice){ out, n };
    return true;
}
