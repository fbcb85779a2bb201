/*
 * What we do not read, told by its first bytes, so that the refusal can name it and say what to
 * do. Signatures that are plain text are long or end in control bytes: the first line of a log must
 * not be able to look like one. Whatever is not in this table is left to the formats.
 */
#include "ingest/base.h"

#include "input_priv.h"

enum kind {
    PACKED,    /* may hold a log: `hint` is the command that unpacks it to standard output */
    ARCHIVE,   /* may hold many; the same */
    OTHER,     /* may hold one, which is not to be had by unpacking: `hint` is what to do */
    NOT_A_LOG,
};

struct foreign {
    const char *name; /* with its article */
    const char *magic;
    uint8_t     n_magic; /* bytes at the beginning; 0: a function looks */
    uint8_t     kind;
    const char *hint;
};

#define MAGIC(bytes) bytes, sizeof(bytes) - 1

#define UTF16_HINT   "convert it on the way: iconv -f UTF-16 -t UTF-8 FILE | ingest -"
#define PARQUET_HINT "let the log be written as W3C text or JSON lines instead"

static const struct foreign foreigners[] = {
    { "a zip archive", MAGIC("PK\3\4"), ARCHIVE, "unzip -p" },
    { "an empty zip archive", MAGIC("PK\5\6"), ARCHIVE, "unzip -p" },
    { "a part of a zip archive", MAGIC("PK\7\10"), ARCHIVE, "unzip -p" },
    { "a 7z archive", MAGIC("7z\xbc\xaf\x27\x1c"), ARCHIVE, "7z x -so" },
    { "a rar archive", MAGIC("Rar!\x1a\x07"), ARCHIVE, "unrar p -inul" },
    { "lz4", MAGIC("\x04\x22\x4d\x18"), PACKED, "lz4 -dc" },
    { "lz4 of an old version", MAGIC("\x02\x21\x4c\x18"), PACKED, "lz4 -dc" },
    { "zstd of an old version", MAGIC("\x27\xb5\x2f\xfd"), PACKED, "zstd -dc" },
    { "zstd of an old version", MAGIC("\x26\xb5\x2f\xfd"), PACKED, "zstd -dc" },
    { "zstd of an old version", MAGIC("\x25\xb5\x2f\xfd"), PACKED, "zstd -dc" },
    { "lzma", MAGIC("\x5d\0\0"), PACKED, "xz -dc --format=lzma" },
    { "lzip", MAGIC("LZIP\1"), PACKED, "lzip -dc" },
    { "lzop", MAGIC("\x89LZO\0\r\n\x1a\n"), PACKED, "lzop -dc" },
    { "compress", MAGIC("\x1f\x9d"), PACKED, "gzip -dc" },
    { "snappy", MAGIC("\xff\x06\0\0sNaPpY"), PACKED, "snzip -dc" },
    { "an OpenPGP message", MAGIC("-----BEGIN PGP MESSAGE-----"), PACKED, "gpg -d" },
    { "a file encrypted by age", MAGIC("age-encryption.org/v1\n"), PACKED, "age -d" },
    { "UTF-16 text", MAGIC("\xff\xfe"), OTHER, UTF16_HINT },
    { "UTF-16 text", MAGIC("\xfe\xff"), OTHER, UTF16_HINT },
    { "a Parquet file", MAGIC("PAR1\x15"), OTHER, PARQUET_HINT },
    { "an encrypted Parquet file", MAGIC("PARE\x15"), OTHER, PARQUET_HINT },
    { "an Avro file", MAGIC("Obj\1"), OTHER, "let the log be written as JSON lines instead" },
    { "a journal of systemd", MAGIC("LPKSHHRH"), OTHER,
      "write the messages on the way: journalctl -o cat --file FILE | ingest -" },
    { "an SQLite database", MAGIC("SQLite format 3\0"), NOT_A_LOG, "" },
    { "a program (ELF)", MAGIC("\x7f" "ELF"), NOT_A_LOG, "" },
    { "an archive of object files or a Debian package", MAGIC("!<arch>\n"), NOT_A_LOG, "" },
    { "an image (PNG)", MAGIC("\x89PNG\r\n\x1a\n"), NOT_A_LOG, "" },
    { "an image (JPEG)", MAGIC("\xff\xd8\xff"), NOT_A_LOG, "" },
    { "a recording of packets", MAGIC("\xd4\xc3\xb2\xa1"), NOT_A_LOG, "" },
};

/* "%PDF-1.7" and the end of that line: ISO 32000-1, 7.5.2. */
static bool
is_pdf(const uint8_t *p, size_t n)
{
    return n > 8 && memcmp(p, "%PDF-", 5) == 0 && p[6] == '.' && (p[8] == '\n' || p[8] == '\r');
}

/* POSIX.1-2008, pax, "ustar Interchange Format": the magic at 257, zeros at the block's end. */
static bool
is_tar(const uint8_t *p, size_t n)
{
    static const uint8_t zeros[12];

    return n >= 512 && memcmp(p + 257, "ustar", 5) == 0 && memcmp(p + 500, zeros, 12) == 0;
}

/*
 * A binary OpenPGP message begins with a session key, encrypted to a public key (RFC 4880, 5.1:
 * version 3) or by a password (5.3: version 4): tag, one or two bytes of length, version.
 */
static bool
is_openpgp(const uint8_t *p, size_t n)
{
    if (n < 16)
        return false;
    switch (p[0]) {
    case 0x84:
    case 0xc1:
        return p[2] == 3 || p[3] == 3;
    case 0x85:
        return p[3] == 3;
    case 0x8c:
    case 0xc3:
        return p[2] == 4;
    default:
        return false;
    }
}

static const struct foreign *
find(const uint8_t *p, size_t n)
{
    static const struct foreign pdf = { "a PDF document", NULL, 0, NOT_A_LOG, "" };
    static const struct foreign tar = { "a tar archive", NULL, 0, ARCHIVE, "tar -xOf" };
    static const struct foreign pgp = { "an OpenPGP message", NULL, 0, PACKED, "gpg -d" };

    for (size_t i = 0; i < ARRAY_LEN(foreigners); i++)
        if (n >= foreigners[i].n_magic &&
            memcmp(p, foreigners[i].magic, foreigners[i].n_magic) == 0)
            return &foreigners[i];
    return is_pdf(p, n) ? &pdf : is_tar(p, n) ? &tar : is_openpgp(p, n) ? &pgp : NULL;
}

static void
hint(const struct foreign *f, const char *inside, struct err *err)
{
    if (f->kind == NOT_A_LOG)
        err_hint(err, "leave it out");
    else if (f->kind == OTHER)
        err_hint(err, "%s", f->hint);
    else if (inside != NULL && strcmp(f->hint, "tar -xOf") == 0)
        err_hint(err, "unpack it first: tar reads %s by itself", inside);
    else if (inside != NULL)
        err_hint(err, "unpack it first, both times");
    else if (f->kind == ARCHIVE)
        err_hint(err, "unpack it first, or one file of it on the way: %s ARCHIVE FILE | ingest -",
                 f->hint);
    else
        err_hint(err, "unpack it on the way: %s FILE | ingest -", f->hint);
}

enum st
foreign_refuse(const uint8_t *p, size_t n, const char *inside, struct err *err)
{
    const struct foreign *f = find(p, n);

    if (f == NULL)
        return ST_OK;
    err_set(err, ST_FORMAT, "cannot decode input");
    if (inside != NULL)
        err_cause(err, "it is %s inside %s, which is not supported", f->name, inside);
    else
        err_cause(err, "it is %s, which is not supported", f->name);
    hint(f, inside, err);
    err->not_a_log = f->kind == NOT_A_LOG;
    return ST_FORMAT;
}
