/*
 * Growing the tree of wanted keys, and the walk along it.
 */
#include "json_tree.h"

/* ---- growing ---- */

/* The child of `node` with this name, made behind the others if there is none. */
static unsigned
child_of(struct json_tree *t, struct json_node *node, struct slice name)
{
    for (unsigned i = 0; i < node->keys.n; i++)
        if (slice_eq(node->keys.keys[i], name))
            return node->first + i;
    assert(t->n < JSON_TREE_NODES_MAX && node->first + node->keys.n == t->n);
    t->names[t->n] = name;
    t->nodes[t->n] = (struct json_node){ .defs = 0 };
    node->keys.n++;
    return t->n++;
}

/*
 * Grows what stands below a node: all children first, for they stand side by side. Goes as deep as
 * a path is long.
 */
static void
grow(struct json_tree *t, const struct json_keys *keys, unsigned at, size_t depth)
{
    struct json_node *node = &t->nodes[at];

    node->first = t->n;
    node->keys = (struct shape_keys){ &t->names[t->n], 0 };
    for (size_t i = 0; i < keys->n; i++) {
        const struct key_def *def = &keys->defs[i];
        uint64_t bit = UINT64_C(1) << i;

        if ((node->below & bit) == 0)
            continue;
        if (def->n_names == depth) {
            node->defs |= bit;
            t->node_of[i] = (uint8_t)at;
        } else {
            t->nodes[child_of(t, node, def->names[depth])].below |= bit;
        }
    }
    for (unsigned i = 0; i < node->keys.n; i++)
        grow(t, keys, node->first + i, depth + 1);
}

void
json_tree_init(struct json_tree *t, const struct json_keys *keys)
{
    static_assert(JSON_TREE_NODES_MAX <= UINT8_MAX, "node_of");
    t->n = 1;
    t->nodes[0] = (struct json_node){ .below = keys->n == KEY_DEFS_MAX
                                                   ? UINT64_MAX
                                                   : (UINT64_C(1) << keys->n) - 1 };
    grow(t, keys, 0, 0);
    for (unsigned i = 0; i < t->n; i++)
        if (t->nodes[i].keys.n > 0)
            t->shapes[i] = (struct shape){ 0 };
}

/* ---- walking ---- */

static bool walk_object(struct json_tree *t, struct json *j, unsigned at, unsigned depth);

/* The value of a wanted key. */
static inline bool
walk_value(struct json_tree *t, struct json *j, unsigned at, unsigned depth)
{
    const struct json_node *node = &t->nodes[at];

    t->present &= ~node->below;
    if (node->keys.n > 0 && json_peek(j) == '{')
        return walk_object(t, j, at, depth + 1);
    if (!json_value(j, depth, &t->values[at]))
        return false;
    if (t->values[at].kind != JSON_NULL)
        t->present |= node->defs;
    return true;
}

static bool
walk_object(struct json_tree *t, struct json *j, unsigned at, unsigned depth)
{
    const struct json_node *node = &t->nodes[at];
    struct shape_walk w = shape_begin(&t->shapes[at], &node->keys);
    struct json_value ignored;
    enum json_step step;

    j->at++;
    while ((step = shape_next(&w, j)) == JSON_NEXT) {
        bool good = w.name == 0 ? json_value(j, depth, &ignored)
                                : walk_value(t, j, node->first + w.name - 1, depth);

        if (!good)
            return false;
    }
    return step == JSON_END;
}

bool
json_tree_walk(struct json_tree *t, struct slice line)
{
    struct json j = { line.p, line.p + line.n };

    t->present = 0;
    if (json_peek(&j) != '{' || !walk_object(t, &j, 0, 1))
        return false;
    json_peek(&j);
    return j.at == j.end;
}
