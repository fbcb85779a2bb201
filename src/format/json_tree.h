/*
 * The wanted keys of a JSON object as a tree, so that one walk over a line reads the values of all of them, however deep
 * they stand, and steps over the others.
 *
 *     .request.uri .request.method .status         request ─┬─ uri
 *                                                  status   └─ method
 */
#ifndef FORMAT_JSON_TREE_H
#define FORMAT_JSON_TREE_H

#include "json_keys.h"
#include "shape.h"

#define JSON_TREE_NODES_MAX 160

struct json_node {
    struct shape_keys keys;  /* of its children, */
    unsigned          first; /* which are nodes[first], nodes[first + 1], ... */
    uint64_t          defs;  /* the definitions that end here */
    uint64_t          below; /* and those that end here or below */
};

/* Borrows the names of the keys it is made of. */
struct json_tree {
    unsigned          n; /* nodes[0] is the line's object */
    struct json_node  nodes[JSON_TREE_NODES_MAX];
    struct slice      names[JSON_TREE_NODES_MAX];
    struct json_value values[JSON_TREE_NODES_MAX];
    uint64_t          present; /* definitions whose value the last walk found: not absent and not null */
    uint8_t           node_of[KEY_DEFS_MAX];
    struct shape      shapes[JSON_TREE_NODES_MAX];
};

/* `keys` are borrowed, for as long as the tree is used. Nothing is expected of what was in `t`. */
void json_tree_init(struct json_tree *t, const struct json_keys *keys);

/*
 * Walks the object that `line` is. Of a key that comes twice the last one holds, with all that is in it. False: it is no
 * object, or no JSON.
 */
bool json_tree_walk(struct json_tree *t, struct slice line);

#endif
