/*
 * The lists of a table, in the text of a report: who has most, with share, change, clients and
 * course as far as there is room for them; and leaderboards.
 */
#include "ingest/base.h"

#include "text_priv.h"

static struct slice
key_of(struct buf *b, const struct list *l, const struct entry *e)
{
    buf_reset(b);
    buf_add_slice(b, e->keys[0]);
    if (l->n_keys > 1) {
        buf_text(b, ".");
        buf_add_slice(b, e->keys[1]);
    }
    if (b->n == 0)
        buf_text(b, "(none)");
    return (struct slice){ b->p, b->failed ? 0 : b->n };
}

static size_t
widest(const struct cells *c, const struct list *l, size_t n)
{
    size_t width = strlen(l->of);
    struct buf key = { 0 };

    for (size_t i = 0; i < n; i++) {
        size_t w = cells_width(c, key_of(&key, l, &l->entries[i]));

        width = w > width ? w : width;
    }
    buf_release(&key);
    return width;
}

/* Columns that there is room for. */
struct columns {
    size_t key, spark, change, clients;
};

static struct columns
choose_columns(const struct cells *c, const struct table *t, const struct list *l, size_t n)
{
    size_t room = c->style->columns - 2 - 16 - 9; /* the figure and its share */
    struct columns out = { .key = widest(c, l, n) };

    if (l->has_series && room >= 20 + 22) {
        out.spark = 22;
        room -= 22;
    }
    if (text_has_before(t) && room >= 20 + 10) {
        out.change = 10;
        room -= 10;
    }
    if (l->has_clients && room >= 20 + 12) {
        out.clients = 12;
        room -= 12;
    }
    out.key = out.key > room ? room : out.key;
    return out;
}

static void
put_entry(const struct cells *c, const struct table *t, const struct entry *e,
          const struct columns *columns)
{
    char a[32], share[32] = "";

    if (t->totals[0] > 0 && e->sums[0] >= 0)
        snprintf(share, sizeof share, "%.1f %%", (double)e->sums[0] / (double)t->totals[0] * 100);
    cells_right(c, grouped(e->sums[0], a), 16);
    cells_right(c, share, 9);
    if (columns->change > 0)
        cells_right(c, text_change(text_basis(t), e->sums[0], e->before, a), columns->change);
    if (columns->clients > 0) {
        snprintf(share, sizeof share, "%s%s", text_at_most(c, &e->clients),
                 e->clients.known ? grouped(e->clients.estimate, a) : "");
        cells_right(c, share, columns->clients);
    }
    if (columns->spark > 0 && e->series != NULL) {
        buf_text(c->out, "  ");
        cells_spark(c, e->series, t->n_steps, columns->spark - 2);
    }
    text_end_line(c);
}

void
text_list(const struct cells *c, const struct table *t, const struct list *l)
{
    size_t n = l->n < c->style->shown ? l->n : c->style->shown;
    struct columns columns = choose_columns(c, t, l, n);
    struct buf key = { 0 };
    char number[32];

    if (n == 0)
        return;
    buf_text(c->out, "\n  ");
    cells_text(c, slice_of(l->of), columns.key);
    cells_right(c, t->measures[0], 16);
    cells_right(c, "share", 9);
    if (columns.change > 0)
        cells_right(c, "change", columns.change);
    if (columns.clients > 0)
        cells_right(c, "clients", columns.clients);
    text_end_line(c);
    for (size_t i = 0; i < n; i++) {
        buf_text(c->out, "  ");
        cells_text(c, key_of(&key, l, &l->entries[i]), columns.key);
        put_entry(c, t, &l->entries[i], &columns);
    }
    if (l->total > (int64_t)n)
        buf_printf(c->out, "  and %s more\n", grouped(l->total - (int64_t)n, number));
    buf_release(&key);
}

/* ---- leaderboards ---- */

/* Trends are in millionths: of a week's score what the day has. */
static const char *
score_text(enum board_list list, int32_t score, char out[32])
{
    if (list < BOARD_TRENDING_DAY)
        return grouped(score, out);
    snprintf(out, 32, "%.1f %%", score / 1e4);
    return out;
}

/* Places are left out where an emote's 26 letters leave no room for them. */
static void
put_board(const struct cells *c, const struct boards *b, enum board_list list, size_t n)
{
    bool with_places = c->style->columns >= 50;
    char score[32];

    for (size_t i = 0; i < n; i++) {
        if (with_places)
            buf_printf(c->out, "  %3zu", i + 1);
        buf_printf(c->out, "  %s", b->lists[list][i].id);
        cells_right(c, score_text(list, b->lists[list][i].score, score), 12);
        text_end_line(c);
    }
}

void
text_boards(const struct cells *c, const struct boards *b)
{
    static const enum board_list shown[] = { BOARD_TOP_DAILY, BOARD_TRENDING_DAY, BOARD_TOP_ALL_TIME };

    for (size_t k = 0; b != NULL && k < ARRAY_LEN(shown); k++) {
        size_t n = b->n[shown[k]] < c->style->shown ? b->n[shown[k]] : c->style->shown;
        struct buf line = { 0 };

        if (n == 0)
            continue;
        buf_printf(&line, "%s, as of %s", board_names[shown[k]], b->updated_at);
        buf_text(c->out, "\n");
        text_wrapped(c, &line, 4);
        put_board(c, b, shown[k], n);
        buf_release(&line);
    }
}
