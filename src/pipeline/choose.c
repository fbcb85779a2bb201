/*
 * What an input is: its format and the dataset that it feeds, by what was said and by its
 * beginning. Counting and explaining ask the same question here.
 */
#include "ingest/base.h"

#include "belt.h"

/* A plain file that ends in half a line is cut before it, but a document is not. */
static enum st
keep_documents_whole(const struct run_config *c, struct lines *lines, struct err *err)
{
    struct slice head;
    enum st rc = lines_look(lines, &head, err);

    if (rc == ST_OK && head.n > 0 &&
        (c->format != NULL ? c->format->document : format_is_document(head)))
        lines_take_all(lines);
    return rc;
}

enum st
input_choose(const struct run_config *c, struct lines *lines, struct choice *out, struct err *err)
{
    struct slice head;
    enum st rc = keep_documents_whole(c, lines, err);

    if (rc == ST_OK)
        rc = lines_peek(lines, &head, err);
    *out = (struct choice){ .format = c->format, .dataset = c->dataset, .score = -1 };
    if (rc != ST_OK)
        return rc;
    out->head = head;
    if (head.n > 0 && c->format == NULL &&
        (rc = format_sniff(head, &out->format, &out->score, err)) != ST_OK)
        return rc;
    if (out->format != NULL && out->format->document)
        lines_in_pieces(lines);
    if (out->dataset == NULL && out->format != NULL)
        out->dataset = dataset_by_name(out->format->dataset);
    if (out->dataset != NULL && out->format != NULL &&
        !dataset_takes(out->dataset, out->format->dataset))
        return err_fail(err, ST_FORMAT, "cannot count this input",
                        "format %s does not feed dataset %s", out->format->name,
                        out->dataset->name);
    return ST_OK;
}
