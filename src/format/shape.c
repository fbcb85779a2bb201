/*
 * Members of an object as they are read the first time, or where they are not as they were.
 */
#include "shape.h"

static unsigned
name_of(const struct shape_keys *keys, const struct json_value *key)
{
    char buf[JSON_KEY_BYTES];
    struct slice text = json_key_text(key, buf);

    for (unsigned i = 0; i < keys->n; i++)
        if (slice_eq(text, keys->keys[i]))
            return i + 1;
    return 0;
}

enum json_step
shape_learn(struct shape_walk *w, struct json *j)
{
    const char *from = j->at;
    struct json_value key;
    bool inside = w->next > w->shape->seams;
    enum json_step step = json_member(j, &inside, &key);
    size_t n;

    if (step != JSON_NEXT)
        return step;
    json_peek(j); /* blanks before the value are of the seam too */
    w->name = name_of(w->keys, &key);
    n = (size_t)(j->at - from);
    if (w->next == w->shape->seams + SHAPE_SEAMS)
        return JSON_NEXT;
    if (n <= SEAM_BYTES) {
        w->next->n = (uint32_t)n;
        w->next->mask = UINT32_MAX >> (SEAM_BYTES - n);
        w->next->name = w->name;
        memcpy(w->next->text, from, n);
    }
    w->next++;
    return JSON_NEXT;
}
