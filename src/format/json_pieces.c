/*
 * The walk along a document, which may stop at any byte and go on in the next block. A piece that
 * lies in one block is given where it lies; one that does not is gathered in `carry`.
 */
#include "json_pieces.h"

/* ---- one piece ---- */

/* What is known of a piece while it is walked. */
static void
begin_piece(struct json_pieces *j)
{
    j->inside = true;
    j->too_long = j->in_string = j->escaped = j->scalar = false;
    j->depth = 0;
    j->n_carry = 0;
}

/* Steps over bytes of a string; true at its end. */
static bool
walk_string(struct json_pieces *j, const char **at, const char *end)
{
    if (j->escaped) {
        j->escaped = false;
        ++*at;
        return false;
    }
    *at = scan_either(*at, end, '"', '\\');
    if (*at == end)
        return false;
    j->escaped = **at == '\\';
    j->in_string = j->escaped;
    ++*at;
    return !j->in_string;
}

/*
 * Where the piece ends in at .. end, or NULL if it goes on behind. A number or word ends before
 * whatever cannot be in one.
 */
static const char *
piece_end(struct json_pieces *j, const char *at, const char *end)
{
    while (at < end) {
        if (j->in_string) {
            if (walk_string(j, &at, end) && j->depth == 0)
                return at;
            continue;
        }
        switch (*at) {
        case '"': case '{': case '[':
            if (j->scalar)
                return at;
            j->in_string = *at == '"';
            j->depth += !j->in_string;
            break;
        case '}': case ']':
            if (j->depth == 0)
                return at;
            if (--j->depth == 0)
                return at + 1;
            break;
        case ',': case ':': case ' ': case '\t': case '\r': case '\n':
            if (j->depth == 0)
                return at;
            break;
        default:
            j->scalar = j->depth == 0;
            break;
        }
        at++;
    }
    return NULL;
}

static void
carry_on(struct json_pieces *j, const char *at, size_t n)
{
    if (j->too_long || n > LINE_BYTES_MAX - j->n_carry) {
        j->too_long = true;
        j->n_carry = 0;
        return;
    }
    memcpy(j->carry + j->n_carry, at, n);
    j->n_carry += n;
}

/* What there is of the piece at *at. */
static enum json_pieces_step
take_piece(struct json_pieces *j, const char **at, const char *end, bool busy,
           struct json_piece *out)
{
    bool is_carried = j->n_carry > 0 || j->too_long;
    const char *stop;

    if (is_carried && busy)
        return PIECES_BUSY;
    stop = piece_end(j, *at, end);
    if (stop == NULL && busy) { /* it must be carried: look at it again when that can be */
        begin_piece(j);
        return PIECES_BUSY;
    }
    if (stop != NULL && !is_carried) {
        *out = (struct json_piece){ .name = j->name, .text = { *at, (size_t)(stop - *at) } };
    } else {
        carry_on(j, *at, (size_t)((stop == NULL ? end : stop) - *at));
        *out = (struct json_piece){ .name = j->name, .carried = true, .too_long = j->too_long,
                                    .text = { j->carry, j->n_carry } };
    }
    *at = stop == NULL ? end : stop;
    if (stop == NULL)
        return PIECES_MORE;
    j->inside = false;
    j->n_carry = 0; /* the text stays until something else is carried */
    j->too_long = false;
    return PIECES_GOT;
}

/* ---- between the pieces ---- */

/* The key that was cut out: which list it names, or false if it is no string. */
static bool
read_key(struct json_pieces *j, const struct json_piece *piece)
{
    struct json text = { piece->text.p, piece->text.p + piece->text.n };
    char buf[JSON_KEY_BYTES];
    struct json_value key;
    struct slice name;

    j->name = 0;
    if (piece->too_long)
        return true;
    if (!json_string(&text, &key) || text.at != text.end)
        return false;
    name = json_key_text(&key, buf);
    for (unsigned i = 0; i < j->lists.n; i++)
        if (slice_eq(name, j->lists.keys[i]))
            j->name = i + 1;
    return true;
}

/*
 * Moves on by the byte `c`, which is no blank. *taken: it was a byte between pieces; else a piece
 * begins.
 */
static bool
step(struct json_pieces *j, char c, bool *taken)
{
    *taken = true;
    switch (j->place) {
    case PLACE_OUTSIDE:
        j->place = PLACE_FIRST_KEY;
        j->seen = 0;
        j->again = false;
        return c == '{';
    case PLACE_FIRST_KEY:
    case PLACE_KEY:
        *taken = c == '}';
        if (c == '}') {
            bool first = j->place == PLACE_FIRST_KEY;

            j->place = PLACE_OUTSIDE;
            return first;
        }
        return c == '"';
    case PLACE_COLON:
        j->place = PLACE_VALUE;
        return c == ':';
    case PLACE_VALUE:
        if (c == '[' && j->name != 0 && j->name <= j->lists.n - j->n_values) {
            j->place = PLACE_FIRST_ELEMENT;
            j->again = j->again || (j->seen & 1u << (j->name - 1)) != 0;
            j->seen |= 1u << (j->name - 1);
            return true;
        }
        *taken = false;
        return true;
    case PLACE_FIRST_ELEMENT:
        *taken = c == ']';
        if (c == ']')
            j->place = PLACE_BEHIND_VALUE;
        return true;
    case PLACE_ELEMENT:
        *taken = false;
        return true;
    case PLACE_BEHIND_ELEMENT:
        j->place = c == ',' ? PLACE_ELEMENT : PLACE_BEHIND_VALUE;
        return c == ',' || c == ']';
    case PLACE_BEHIND_VALUE:
        j->place = c == ',' ? PLACE_KEY : PLACE_OUTSIDE;
        return c == ',' || c == '}';
    }
    return false;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

/* The piece that ended: a key is kept here, all else is the caller's. */
static enum json_pieces_step
give(struct json_pieces *j, struct json_piece *out, bool *got)
{
    *got = true;
    out->kind = PIECE_VALUE;
    switch (j->place) {
    case PLACE_FIRST_KEY:
    case PLACE_KEY:
        *got = false;
        j->place = PLACE_COLON;
        return read_key(j, out) ? PIECES_GOT : PIECES_BAD;
    case PLACE_VALUE:
        j->place = PLACE_BEHIND_VALUE;
        return PIECES_GOT;
    default:
        out->kind = PIECE_ELEMENT;
        j->place = PLACE_BEHIND_ELEMENT;
        return PIECES_GOT;
    }
}

enum json_pieces_step
json_pieces_next(struct json_pieces *j, const char **at, const char *end, bool busy,
                 struct json_piece *out)
{
    while (*at < end) {
        enum json_pieces_step rc;
        bool flag;

        if (j->inside) {
            rc = take_piece(j, at, end, busy, out);
            if (rc == PIECES_GOT)
                rc = give(j, out, &flag);
            if (rc != PIECES_GOT || flag)
                return rc;
        } else if (is_blank(**at)) {
            ++*at;
        } else {
            if (!step(j, **at, &flag))
                return PIECES_BAD;
            if (!flag) {
                begin_piece(j);
                continue;
            }
            ++*at;
            if (j->place == PLACE_OUTSIDE) {
                *out = (struct json_piece){ .kind = PIECE_END };
                return PIECES_GOT;
            }
        }
    }
    return PIECES_MORE;
}
