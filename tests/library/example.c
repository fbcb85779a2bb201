/*
 * The rows of some logs, as JSON lines: what `ingest -o - --client-key none LOG...` prints, by libingest.
 *
 *     cc -o example example.c $(pkg-config --cflags --libs ingest)
 *     ./example access.log.gz
 */
#include <ingest.h>

#include <stdio.h>
#include <string.h>

static void
print_string(const char *s, size_t n)
{
    putchar('"');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"' || s[i] == '\\')
            printf("\\%c", s[i]);
        else if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            printf("\\u%04x", (unsigned char)s[i]);
        else
            putchar(s[i]);
    }
    putchar('"');
}

static void
print_value(const struct ingest_column *column)
{
    switch (column->kind) {
    case INGEST_TEXT:
    case INGEST_DAY:
    case INGEST_UUID:
        if (column->text == NULL)
            printf("null");
        else
            print_string(column->text, column->size);
        break;
    case INGEST_INT:
    case INGEST_SUM:
        printf("%s", column->text);
        break;
    case INGEST_SKETCH:
        printf("\"\\\\x");
        for (size_t i = 0; i < column->size; i++)
            printf("%02x", (unsigned char)column->text[i]);
        putchar('"');
        break;
    }
}

static int
print_row(void *ctx, const struct ingest_row *row)
{
    (void)ctx;
    printf("{\"table\":\"%s\"", row->table);
    for (size_t i = 0; i < row->n_columns; i++) {
        printf(",\"%s\":", row->columns[i].name);
        print_value(&row->columns[i]);
    }
    printf("}\n");
    return ferror(stdout);
}

/* A file as it is; "-" is standard input, piece by piece. */
static enum ingest_status
add(struct ingest *h, const char *path)
{
    static char piece[65536];
    size_t n;

    if (strcmp(path, "-") != 0)
        return ingest_add_file(h, path);
    while ((n = fread(piece, 1, sizeof piece, stdin)) > 0)
        if (ingest_add_bytes(h, piece, n) != INGEST_OK)
            break;
    return ingest_end_input(h);
}

int
main(int argc, char **argv)
{
    struct ingest_options options;
    struct ingest *h;
    int status = 0;

    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.clients = INGEST_CLIENTS_PLAIN;
    if (ingest_open(&h, &options) != INGEST_OK)
        goto failed;
    for (int i = 1; i < argc; i++) {
        enum ingest_status became = add(h, argv[i]);

        if (became == INGEST_REFUSED) { /* the others count */
            fprintf(stderr, "%s\n", ingest_error(h));
            status = 1;
        } else if (became != INGEST_OK && became != INGEST_KNOWN) {
            goto failed;
        }
    }
    if (ingest_rows(h, print_row, NULL) != INGEST_OK || fflush(stdout) != 0)
        goto failed;
    ingest_close(h);
    return status;
failed:
    fprintf(stderr, "%s\n", ingest_error(h));
    ingest_close(h);
    return 4;
}
