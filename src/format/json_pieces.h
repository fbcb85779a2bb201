/*
 * A JSON document of any size and on any number of lines, cut into pieces of bounded size: the members of its outermost
 * object, and the elements of those members that are wanted lists. What a piece is, is found by counting brackets and
 * quotes; that it is JSON is left to who reads it, but for what stands between the pieces. Documents may follow one another.
 *
 *     {"version": "1", "stats": [{...}, {...}]}
 *                 ^^^             ^^^^^  ^^^^^         a value, two elements of list 1
 */
#ifndef FORMAT_JSON_PIECES_H
#define FORMAT_JSON_PIECES_H

#include "ingest/line.h"
#include "shape.h"

enum json_place {
    PLACE_OUTSIDE, /* no document has begun, or the last one has ended */
    PLACE_FIRST_KEY,
    PLACE_KEY,
    PLACE_COLON,
    PLACE_VALUE,
    PLACE_FIRST_ELEMENT,
    PLACE_ELEMENT,
    PLACE_BEHIND_ELEMENT,
    PLACE_BEHIND_VALUE,
};

enum json_piece_kind {
    PIECE_VALUE,   /* of a member that is no wanted list; or of one whose value is no array */
    PIECE_ELEMENT, /* of a wanted list */
    PIECE_END,     /* the document's '}' was stepped over; no text */
};

struct json_piece {
    enum json_piece_kind kind;
    unsigned     name;     /* of the member: k + 1 for the k-th wanted list, else 0 */
    bool         too_long; /* over LINE_BYTES_MAX: gone, and `text` is empty */
    bool         carried;  /* `text` lies in `carry`, not in the block */
    struct slice text;     /* as written; BLOCK_SLACK bytes may be read behind it */
};

/* Zeroed memory, with `lists` set, stands before the first document. */
struct json_pieces {
    struct shape_keys lists;   /* the wanted ones; the last n_values of them need be none: they come whole, with their name */
    unsigned          n_values;
    enum json_place   place;
    unsigned          name;    /* of the member at hand */
    uint32_t          seen;    /* bit k: the k-th wanted list has begun in the document at hand, or in the one that just ended */
    bool              again;   /* one of them has begun more than once in that document */
    bool              inside;  /* a piece has begun */
    bool              too_long;
    /* of that piece: */
    bool              in_string, escaped, scalar;
    size_t            depth;
    size_t            n_carry; /* bytes of it that stood in blocks before */
    char              carry[LINE_BYTES_MAX + BLOCK_SLACK];
};

enum json_pieces_step {
    PIECES_GOT,  /* *out is set */
    PIECES_MORE, /* the block is used up */
    PIECES_BUSY, /* `carry` is needed: release what was given from it, then ask again */
    PIECES_BAD,  /* no JSON at *at */
};

/* The next piece of *at .. end, of which *at steps forward. `busy`: text in `carry` is still in use. */
enum json_pieces_step json_pieces_next(struct json_pieces *j, const char **at, const char *end, bool busy,
                                       struct json_piece *out);

#endif
