/*
 * Aliases, and the keys of variants, as pict-rs has them.
 */
#include "pictrs.h"

#include <math.h>
#include <setjmp.h>
#include <cmocka.h>

#define ID "7a1c2b3d-4e5f-6071-8293-a4b5c6d7e8f9"

static void
aliases(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        { ID ".png", ID ".png" },
        { "7A1C2B3D-4E5F-6071-8293-A4B5C6D7E8F9.PNG", ID ".PNG" },
        { "7a1c2b3d4E5F60718293a4b5c6d7e8f9.png", ID ".png" },
        { "{" ID "}.png", ID ".png" },
        { "urn:uuid:" ID ".png", ID ".png" },
        { ID, ID },
        { ID ".tar.gif", ID ".tar.gif" },
        { ID ".", ID "." },
        /* no UUIDs: as they are */
        { "{7a1c2b3d4e5f60718293a4b5c6d7e8f9}.png", "{7a1c2b3d4e5f60718293a4b5c6d7e8f9}.png" },
        { "URN:UUID:" ID ".png", "URN:UUID:" ID ".png" },
        { "urn:uuid:7a1c2b3d4e5f60718293a4b5c6d7e8f9", "urn:uuid:7a1c2b3d4e5f60718293a4b5c6d7e8f9" },
        { "7a1c2b3d-4e5f-6071-8293-A4B5C6D7E8F", "7a1c2b3d-4e5f-6071-8293-A4B5C6D7E8F" },
        { "7a1c2b3d-4e5f-6071-8293a-4b5c6D7e8f9.png", "7a1c2b3d-4e5f-6071-8293a-4b5c6D7e8f9.png" },
        { "7a1c2b3d-4e5f-6071-8293-a4b5c6d7e8Fg.png", "7a1c2b3d-4e5f-6071-8293-a4b5c6d7e8Fg.png" },
        { "7a1c2b3d4e5f60718293A4b5c6d7e8f_.png", "7a1c2b3d4e5f60718293A4b5c6d7e8f_.png" },
        { "x." ID, "x." ID },
        { "." ID, "." ID },
        { "aSdF.png", "aSdF.png" },
        { "", "" },
        { ".", "." },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pictrs_text out;

        pictrs_alias(slice_of(cases[i].in), &out);
        if (out.full || !slice_eq(pictrs_slice(&out), slice_of(cases[i].want)))
            fail_msg("%s: %.*s", cases[i].in, (int)out.n, out.p);
    }
}

static void
variants(void **state)
{
    static const struct {
        const char *ext, *query, *want; /* NULL: a 400 */
    } cases[] = {
        { "jpg", "src=asdf.png&thumbnail=256&blur=3.0", "thumbnail/256/blur/3/jpeg" },
        { "jpg", "blur=3.0&src=asdf.png&thumbnail=256", "blur/3/thumbnail/256/jpeg" },
        { "jpeg", "src=a", "jpeg" },
        { "png", "", "png" },
        { "apng", "&&&", "apng" },
        { "avif", "utm=1&thumbnai=x&crop2=x", "avif" },
        { "gif", "identity", "gif" },
        { "jxl", "identity=1&identity", "jxl" },
        { "webp", "th%75mbnail=%32%356", "thumbnail/256/webp" },
        { "webp", "thumbnail=1&thumbnail=2", "thumbnail/1/thumbnail/2/webp" },
        { "JPG", "", NULL },
        { "bmp", "", NULL },
        { "", "", NULL },
        { "jpg.png", "", NULL },
        /* pict-rs lets names of any case pass, and then does not know them */
        { "png", "Thumbnail=256", NULL },
        { "png", "IDENTITY=", NULL },
        /* sizes */
        { "png", "thumbnail=0", "thumbnail/0/png" },
        { "png", "thumbnail=0099", "thumbnail/99/png" },
        { "png", "thumbnail=%2B7", "thumbnail/7/png" },
        { "png", "thumbnail=18446744073709551615", "thumbnail/18446744073709551615/png" },
        { "png", "thumbnail=18446744073709551616", NULL },
        { "png", "thumbnail=00000000000000000000000000000000000000005", "thumbnail/5/png" },
        { "png", "thumbnail=+7", NULL }, /* a blank */
        { "png", "thumbnail=-7", NULL },
        { "png", "thumbnail=", NULL },
        { "png", "thumbnail", NULL },
        { "png", "thumbnail=%2B", NULL },
        { "png", "thumbnail=1.0", NULL },
        { "png", "thumbnail=1&thumbnail=x", NULL },
        /* resize */
        { "png", "resize=200", "resize/200/png" },
        { "png", "resize=Lanczos.200", "resize/Lanczos.200/png" },
        { "png", "resize=LANCZOSsharp.a0200", "resize/LanczosSharp.a200/png" },
        { "png", "resize=lanczos2.1", "resize/Lanczos2.1/png" },
        { "png", "resize=lanczos2sharp.1", "resize/Lanczos2Sharp.1/png" },
        { "png", "resize=mitchell.1", "resize/Mitchell.1/png" },
        { "png", "resize=robidouxSHARP.aaa1", "resize/RobidouxSharp.a1/png" },
        { "png", "resize=.200", "resize/200/png" },
        { "png", "resize=.a200", "resize/.a200/png" },
        { "png", "resize=foo.200", "resize/200/png" },
        { "png", "resize=foo.a200", "resize/.a200/png" },
        { "png", "resize=lanczos+.a200", "resize/.a200/png" },
        { "png", "resize=a200", NULL },
        { "png", "resize=Lanczos", NULL },
        { "png", "resize=Lanczos.", NULL },
        { "png", "resize=Lanczos.a", NULL },
        { "png", "resize=Lanczos.5.5", NULL },
        { "png", "resize=", NULL },
        /* crop */
        { "png", "crop=16x9", "crop/16x9/png" },
        { "png", "crop=01x020", "crop/1x20/png" },
        { "png", "crop=16x9x99", "crop/16x9/png" },
        { "png", "crop=20x20", "crop/20x20/png" },
        { "png", "crop=21x20", NULL },
        { "png", "crop=20x21", NULL },
        { "png", "crop=0x1", NULL },
        { "png", "crop=1x0", NULL },
        { "png", "crop=1", NULL },
        { "png", "crop=1x", NULL },
        { "png", "crop=x1", NULL },
        { "png", "crop=1X1", NULL },
        { "png", "crop=", NULL },
        /* blur: the shortest decimal, as Rust prints an f64 */
        { "png", "blur=3", "blur/3/png" },
        { "png", "blur=3.", "blur/3/png" },
        { "png", "blur=.50", "blur/0.5/png" },
        { "png", "blur=0.30", "blur/0.3/png" },
        { "png", "blur=0.1000000000000000055", "blur/0.1/png" },
        { "png", "blur=1e2", "blur/100/png" },
        { "png", "blur=12.5E-1", "blur/1.25/png" },
        { "png", "blur=0", "blur/0/png" },
        { "png", "blur=-0.0", "blur/-0/png" },
        { "png", "blur=-2.5", "blur/-2.5/png" },
        { "png", "blur=%2B2.5", "blur/2.5/png" },
        { "png", "blur=1e-7", "blur/0.0000001/png" },
        { "png", "blur=1e21", "blur/1000000000000000000000/png" },
        { "png", "blur=123456.789", "blur/123456.789/png" },
        { "png", "blur=0.30000000000000004", "blur/0.30000000000000004/png" },
        { "png", "blur=9007199254740993", "blur/9007199254740992/png" },
        { "png", "blur=1e400", NULL },
        { "png", "blur=1e-400", "blur/0/png" },
        { "png", "blur=", NULL },
        { "png", "blur=.", NULL },
        { "png", "blur=-", NULL },
        { "png", "blur=1e", NULL },
        { "png", "blur=1e%2B", NULL },
        { "png", "blur=inf", NULL },
        { "png", "blur=nan", NULL },
        { "png", "blur=0x10", NULL },
        { "png", "blur=+1", NULL },
        { "png", "blur=1,5", NULL },
        { "png", "blur=1.5.5", NULL },
        { "png", "blur=1%00", NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct pictrs_text out;
        bool good = pictrs_variant(slice_of(cases[i].query), slice_of(cases[i].ext), 0, &out);

        if (good != (cases[i].want != NULL) ||
            (good && !slice_eq(pictrs_slice(&out), slice_of(cases[i].want))))
            fail_msg("%s?%s: %.*s", cases[i].ext, cases[i].query, good ? (int)out.n : 0, out.p);
    }
}

/* What a server does not take it passes over, whatever its case and value. */
static void
fewer_operations(void **state)
{
    static const struct {
        unsigned filters;
        const char *query, *want;
    } cases[] = {
        { 1u << MEDIA_THUMBNAIL, "blur=3&thumbnail=9&crop=x&Resize=1&identity=", "thumbnail/9/png" },
        { 1u << MEDIA_BLUR | 1u << MEDIA_CROP, "blur=3&thumbnail=9&crop=1x1", "blur/3/crop/1x1/png" },
        { 1u << MEDIA_RESIZE, "Resize=1", NULL },
        { 1u << MEDIA_RESIZE, "thumbnail=x&resize=1", "resize/1/png" },
        { MEDIA_FILTERS_ALL, "thumbnail=1", "thumbnail/1/png" },
    };
    struct pictrs_text out;

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool good = pictrs_variant(slice_of(cases[i].query), SLICE("png"), cases[i].filters, &out);

        assert_int_equal(good, cases[i].want != NULL);
        assert_true(!good || slice_eq(pictrs_slice(&out), slice_of(cases[i].want)));
    }
}

/* Read again it is the same number, and no shorter text is; at each power of two, where the nearest short ones may fail. */
static void
blur_is_the_same_number(void **state)
{
    (void)state;
    for (int e = -1074; e < 1024; e++)
        for (int step = -1; step <= 1; step++) {
            double value = ldexp(1, e), read;
            struct pictrs_text out;
            char query[64], text[400];

            if (step != 0)
                value = nextafter(value, step > 0 ? INFINITY : 0);
            snprintf(query, sizeof query, "blur=%.17g", value);
            for (char *p = query; *p != '\0'; p++)
                if (*p == '+')
                    memmove(p, p + 1, strlen(p));
            assert_true(pictrs_variant(slice_of(query), SLICE("png"), 0, &out));
            snprintf(text, sizeof text, "%.*s", (int)out.n - 5 - 4, out.p + 5);
            read = strtod(text, NULL);
            if (memcmp(&read, &value, sizeof read) != 0)
                fail_msg("2^%d: %s", e, text);
            assert_null(strchr(text, 'e'));
        }
}

static void
long_ones(void **state)
{
    static char query[40000];
    static struct pictrs_text out;
    size_t n = 0;

    (void)state;
    for (; n + 12 <= sizeof query; n += 12)
        memcpy(query + n, "thumbnail=1&", 12);
    assert_true(pictrs_variant((struct slice){ query, n }, SLICE("png"), 0, &out));
    assert_true(out.full);
    memset(query, '0', sizeof query);
    memcpy(query, "thumbnail=", 10);
    assert_false(pictrs_variant((struct slice){ query, sizeof query }, SLICE("png"), 0, &out));
    memcpy(query, "blur=00000", 10);
    assert_false(pictrs_variant((struct slice){ query, sizeof query }, SLICE("png"), 0, &out));
    assert_true(pictrs_variant((struct slice){ query, PICTRS_TEXT_MAX + 5 }, SLICE("png"), 0, &out));
    assert_true(slice_eq(pictrs_slice(&out), SLICE("blur/0/png")));
    memset(query, 'a', PICTRS_TEXT_MAX);
    pictrs_alias((struct slice){ query, PICTRS_TEXT_MAX }, &out);
    assert_false(out.full);
    pictrs_alias((struct slice){ query, PICTRS_TEXT_MAX + 1 }, &out);
    assert_true(out.full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aliases),
        cmocka_unit_test(variants),
        cmocka_unit_test(fewer_operations),
        cmocka_unit_test(blur_is_the_same_number),
        cmocka_unit_test(long_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
