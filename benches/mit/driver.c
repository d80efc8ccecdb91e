/*
 * MIT's side of the benchmark: GSS-API calls in loops, driven by lines on stdin.
 *
 * One request a line, words separated by one space, byte strings in hex. One answer a line: `ok`, with values
 * behind it, or `error` and what failed. The loops answer with the nanoseconds of CPU time that all rounds took.
 *
 *   copy-keytab FILE              copies the keytab to MEMORY:bench
 *   copy-ccache FILE              copies the credential cache to MEMORY:bench
 *   acceptor MECH KEYTAB          credentials to accept with; MECH is spnego or krb5
 *   initiator MECH CCACHE TARGET  credentials to initiate with, for the principal TARGET
 *   tokens HEX,HEX,...            the tokens that accept goes through, round and round
 *   accept N                      N contexts accepted, each deleted again
 *   initiate N                    N first tokens made, each context deleted again
 *   finish N                      N answers taken (made, untimed, by the credentials to accept with)
 *   join HEX                      accepts one token and keeps the context; answers token and enctype
 *   message HEX                   what the following work on: a message, or a token
 *   seal N, open N, mic N         gss_wrap with confidentiality, gss_unwrap, gss_get_mic
 *   seal-iov N, open-iov N        the same where the message lies
 *   verify HEX N                  gss_verify_mic of the message
 *   seal-one, open-one, mic-one   once, and answers with the result
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>

#define MEMORY_NAME "MEMORY:bench"
#define MAX_TOKENS 256
#define BATCH 32
#define FLAGS (GSS_C_MUTUAL_FLAG | GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG)

static gss_OID_desc spnego_oid = {6, "\x2b\x06\x01\x05\x05\x02"};
static gss_OID_desc krb5_oid = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};

static gss_OID accept_mech, initiate_mech;
static gss_cred_id_t accept_cred = GSS_C_NO_CREDENTIAL, initiate_cred = GSS_C_NO_CREDENTIAL;
static gss_name_t target = GSS_C_NO_NAME;
static gss_ctx_id_t joined = GSS_C_NO_CONTEXT;
static gss_buffer_desc tokens[MAX_TOKENS];
static size_t token_count;
static gss_buffer_desc message;
static char failure[512];

static int fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(failure, sizeof failure, format, args);
    va_end(args);
    return 0;
}

/* Notes what GSS-API says about a failure; whether there was none. */
static int good(const char *call, OM_uint32 major, OM_uint32 minor, gss_OID mech) {
    gss_buffer_desc general, special;
    OM_uint32 ignored, more = 0;
    if (!GSS_ERROR(major))
        return 1;
    gss_display_status(&ignored, major, GSS_C_GSS_CODE, GSS_C_NO_OID, &more, &general);
    more = 0;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, mech, &more, &special);
    fail("%s: %.*s: %.*s", call, (int)general.length, (char *)general.value, (int)special.length,
         (char *)special.value);
    gss_release_buffer(&ignored, &general);
    gss_release_buffer(&ignored, &special);
    return 0;
}

/* CPU time, so that other programs on the machine do not count. */
static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static int nibble(char digit) {
    const char *digits = "0123456789abcdef", *found = digit ? strchr(digits, digit) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* Reads hex up to the end of the word into a fresh buffer. */
static int from_hex(const char *hex, gss_buffer_t out) {
    size_t length = strcspn(hex, " ,") / 2;
    unsigned char *bytes = malloc(length + 1);
    for (size_t i = 0; i < length; i++) {
        int high = nibble(hex[2 * i]), low = nibble(hex[2 * i + 1]);
        if (high < 0 || low < 0) {
            free(bytes);
            return fail("not hex at byte %zu", i);
        }
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    out->length = length;
    out->value = bytes;
    return 1;
}

static void put_hex(gss_buffer_t bytes) {
    for (size_t i = 0; i < bytes->length; i++)
        printf("%02x", ((unsigned char *)bytes->value)[i]);
}

static gss_OID mechanism(const char *name) {
    return strcmp(name, "spnego") == 0 ? &spnego_oid : &krb5_oid;
}

static int copy_keytab(const char *file) {
    krb5_context context;
    krb5_keytab from, to;
    krb5_keytab_entry entry;
    krb5_kt_cursor cursor;
    krb5_error_code code;
    if (krb5_init_context(&context))
        return fail("krb5_init_context");
    /* Never closed, so that the copy lives as long as the program. */
    if (krb5_kt_resolve(context, file, &from) || krb5_kt_resolve(context, MEMORY_NAME, &to) ||
        krb5_kt_start_seq_get(context, from, &cursor))
        return fail("cannot open keytab %s", file);
    while ((code = krb5_kt_next_entry(context, from, &entry, &cursor)) == 0) {
        if (krb5_kt_add_entry(context, to, &entry))
            return fail("cannot add to " MEMORY_NAME);
        krb5_free_keytab_entry_contents(context, &entry);
    }
    krb5_kt_end_seq_get(context, from, &cursor);
    return code == KRB5_KT_END ? 1 : fail("cannot read keytab %s: %ld", file, (long)code);
}

static int copy_ccache(const char *file) {
    krb5_context context;
    krb5_ccache from, to;
    krb5_principal client;
    if (krb5_init_context(&context))
        return fail("krb5_init_context");
    if (krb5_cc_resolve(context, file, &from) || krb5_cc_get_principal(context, from, &client))
        return fail("cannot open ccache %s", file);
    if (krb5_cc_resolve(context, MEMORY_NAME, &to) || krb5_cc_initialize(context, to, client) ||
        krb5_cc_copy_creds(context, from, to))
        return fail("cannot copy ccache %s", file);
    return 1;
}

/* Credentials from one place, for one mechanism; for SPNEGO with Kerberos as all there is to negotiate. */
static int acquire(gss_cred_id_t *cred, gss_OID mech, gss_cred_usage_t usage, const char *kind, const char *where) {
    OM_uint32 major, minor;
    gss_key_value_element_desc element = {kind, where};
    gss_key_value_set_desc store = {1, &element};
    gss_OID_set_desc wanted = {1, mech}, inner = {1, &krb5_oid};
    gss_release_cred(&minor, cred);
    major = gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, &wanted, usage, &store, cred, NULL, NULL);
    if (!good("gss_acquire_cred_from", major, minor, mech))
        return 0;
    if (mech != &spnego_oid)
        return 1;
    major = gss_set_neg_mechs(&minor, *cred, &inner);
    return good("gss_set_neg_mechs", major, minor, mech);
}

static int import_target(const char *principal) {
    OM_uint32 major, minor;
    gss_buffer_desc name = {strlen(principal), (void *)principal};
    gss_release_name(&minor, &target);
    major = gss_import_name(&minor, &name, (gss_OID)GSS_KRB5_NT_PRINCIPAL_NAME, &target);
    return good("gss_import_name", major, minor, GSS_C_NO_OID);
}

static int accept_one(gss_ctx_id_t *context, gss_buffer_t token, gss_buffer_t answer) {
    OM_uint32 major, minor, ignored;
    gss_name_t client = GSS_C_NO_NAME;
    major = gss_accept_sec_context(&minor, context, accept_cred, token, GSS_C_NO_CHANNEL_BINDINGS, &client, NULL,
                                   answer, NULL, NULL, NULL);
    gss_release_name(&ignored, &client);
    if (!good("gss_accept_sec_context", major, minor, accept_mech))
        return 0;
    return major == GSS_S_COMPLETE ? 1 : fail("gss_accept_sec_context wants another token");
}

static int initiate_one(gss_ctx_id_t *context, gss_buffer_t token, gss_buffer_t output, OM_uint32 wanted) {
    OM_uint32 major, minor;
    major = gss_init_sec_context(&minor, initiate_cred, context, target, initiate_mech, FLAGS, GSS_C_INDEFINITE,
                                 GSS_C_NO_CHANNEL_BINDINGS, token, NULL, output, NULL, NULL);
    if (!good("gss_init_sec_context", major, minor, initiate_mech))
        return 0;
    return major == wanted ? 1 : fail("gss_init_sec_context: unexpected status %u", major);
}

static int accept_loop(long count) {
    OM_uint32 ignored;
    for (long i = 0; i < count; i++) {
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        gss_buffer_desc answer = GSS_C_EMPTY_BUFFER;
        if (!accept_one(&context, &tokens[(size_t)i % token_count], &answer))
            return 0;
        gss_release_buffer(&ignored, &answer);
        gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
    }
    return 1;
}

static int initiate_loop(long count) {
    OM_uint32 ignored;
    for (long i = 0; i < count; i++) {
        gss_ctx_id_t context = GSS_C_NO_CONTEXT;
        gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
        if (!initiate_one(&context, GSS_C_NO_BUFFER, &output, GSS_S_CONTINUE_NEEDED))
            return 0;
        gss_release_buffer(&ignored, &output);
        gss_delete_sec_context(&ignored, &context, GSS_C_NO_BUFFER);
    }
    return 1;
}

/* In batches: first tokens and answers untimed, then the clock runs while all answers are taken. */
static int finish_loop(long count, long long *elapsed) {
    OM_uint32 ignored;
    gss_ctx_id_t contexts[BATCH], peer;
    gss_buffer_desc output, answers[BATCH];
    for (*elapsed = 0; count > 0; count -= BATCH) {
        long size = count < BATCH ? count : BATCH;
        for (long i = 0; i < size; i++) {
            contexts[i] = peer = GSS_C_NO_CONTEXT;
            if (!initiate_one(&contexts[i], GSS_C_NO_BUFFER, &output, GSS_S_CONTINUE_NEEDED) ||
                !accept_one(&peer, &output, &answers[i]))
                return 0;
            gss_release_buffer(&ignored, &output);
            gss_delete_sec_context(&ignored, &peer, GSS_C_NO_BUFFER);
        }
        long long start = now();
        for (long i = 0; i < size; i++) {
            if (!initiate_one(&contexts[i], &answers[i], &output, GSS_S_COMPLETE))
                return 0;
            gss_release_buffer(&ignored, &output);
            gss_delete_sec_context(&ignored, &contexts[i], GSS_C_NO_BUFFER);
        }
        *elapsed += now() - start;
        for (long i = 0; i < size; i++)
            gss_release_buffer(&ignored, &answers[i]);
    }
    return 1;
}

/* The enctype of the key that protects messages: the last arc of the OID that comes with it. */
static int context_enctype(gss_ctx_id_t context) {
    OM_uint32 major, minor;
    gss_buffer_set_t set = GSS_C_NO_BUFFER_SET;
    int enctype = -1;
    major = gss_inquire_sec_context_by_oid(&minor, context, (gss_OID)GSS_C_INQ_SSPI_SESSION_KEY, &set);
    if (!GSS_ERROR(major) && set->count == 2)
        enctype = ((unsigned char *)set->elements[1].value)[set->elements[1].length - 1];
    gss_release_buffer_set(&minor, &set);
    return enctype;
}

static int join(const char *hex) {
    OM_uint32 ignored;
    gss_buffer_desc token, answer = GSS_C_EMPTY_BUFFER;
    gss_delete_sec_context(&ignored, &joined, GSS_C_NO_BUFFER);
    if (!from_hex(hex, &token) || !accept_one(&joined, &token, &answer))
        return 0;
    printf("ok ");
    put_hex(&answer);
    printf(" %d\n", context_enctype(joined));
    gss_release_buffer(&ignored, &answer);
    free(token.value);
    return 1;
}

static int message_op(const char *op, gss_buffer_t output) {
    OM_uint32 major, minor;
    if (strncmp(op, "seal", 4) == 0) {
        major = gss_wrap(&minor, joined, 1, GSS_C_QOP_DEFAULT, &message, NULL, output);
        return good("gss_wrap", major, minor, &krb5_oid);
    }
    if (strncmp(op, "open", 4) == 0) {
        major = gss_unwrap(&minor, joined, &message, output, NULL, NULL);
        return good("gss_unwrap", major, minor, &krb5_oid);
    }
    major = gss_get_mic(&minor, joined, GSS_C_QOP_DEFAULT, &message, output);
    return good("gss_get_mic", major, minor, &krb5_oid);
}

static int message_loop(const char *op, long count) {
    OM_uint32 ignored;
    for (long i = 0; i < count; i++) {
        gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
        if (!message_op(op, &output))
            return 0;
        gss_release_buffer(&ignored, &output);
    }
    return 1;
}

static int verify_loop(const char *hex, long count) {
    OM_uint32 major, minor;
    gss_buffer_desc mic;
    int done = from_hex(hex, &mic);
    if (!done)
        return 0;
    for (long i = 0; done && i < count; i++) {
        major = gss_verify_mic(&minor, joined, &message, &mic, NULL);
        done = good("gss_verify_mic", major, minor, &krb5_oid);
    }
    free(mic.value);
    return done;
}

/* Seals the same buffer again and again; what lies in it does not matter. */
static int seal_iov_loop(long count, long long *elapsed) {
    OM_uint32 major, minor;
    gss_iov_buffer_desc iov[4] = {{GSS_IOV_BUFFER_TYPE_HEADER, GSS_C_EMPTY_BUFFER},
                                  {GSS_IOV_BUFFER_TYPE_DATA, message},
                                  {GSS_IOV_BUFFER_TYPE_PADDING, GSS_C_EMPTY_BUFFER},
                                  {GSS_IOV_BUFFER_TYPE_TRAILER, GSS_C_EMPTY_BUFFER}};
    major = gss_wrap_iov_length(&minor, joined, 1, GSS_C_QOP_DEFAULT, NULL, iov, 4);
    if (!good("gss_wrap_iov_length", major, minor, &krb5_oid))
        return 0;
    size_t head = iov[0].buffer.length, pad = iov[2].buffer.length, tail = iov[3].buffer.length;
    char *bytes = malloc(head + message.length + pad + tail);
    memcpy(bytes + head, message.value, message.length);
    int done = 1;
    long long start = now();
    for (long i = 0; done && i < count; i++) {
        iov[0].buffer = (gss_buffer_desc){head, bytes};
        iov[1].buffer = (gss_buffer_desc){message.length, bytes + head};
        iov[2].buffer = (gss_buffer_desc){pad, bytes + head + message.length};
        iov[3].buffer = (gss_buffer_desc){tail, bytes + head + message.length + pad};
        major = gss_wrap_iov(&minor, joined, 1, GSS_C_QOP_DEFAULT, NULL, iov, 4);
        done = good("gss_wrap_iov", major, minor, &krb5_oid);
    }
    *elapsed = now() - start;
    free(bytes);
    return done;
}

/* Opening changes the token, so each round starts with a copy. */
static int open_iov_loop(long count, long long *elapsed) {
    OM_uint32 major, minor;
    char *bytes = malloc(message.length);
    int done = 1;
    long long start = now();
    for (long i = 0; done && i < count; i++) {
        gss_iov_buffer_desc iov[2] = {{GSS_IOV_BUFFER_TYPE_STREAM, {message.length, bytes}},
                                      {GSS_IOV_BUFFER_TYPE_DATA, GSS_C_EMPTY_BUFFER}};
        memcpy(bytes, message.value, message.length);
        major = gss_unwrap_iov(&minor, joined, NULL, NULL, iov, 2);
        done = good("gss_unwrap_iov", major, minor, &krb5_oid);
    }
    *elapsed = now() - start;
    free(bytes);
    return done;
}

static int load_tokens(const char *list) {
    for (size_t i = 0; i < token_count; i++)
        free(tokens[i].value);
    for (token_count = 0; list && token_count < MAX_TOKENS; token_count++) {
        if (!from_hex(list, &tokens[token_count]))
            return 0;
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
    }
    return 1;
}

static int once(const char *op) {
    OM_uint32 ignored;
    gss_buffer_desc output = GSS_C_EMPTY_BUFFER;
    if (!message_op(op, &output))
        return 0;
    printf("ok ");
    put_hex(&output);
    printf("\n");
    gss_release_buffer(&ignored, &output);
    return 1;
}

/* A request that runs a loop; 0 failed, 1 done, -1 not one of these. */
static int timed(const char *op, char *const *words, int count, long long *elapsed) {
    long rounds = count > 1 ? atol(words[count - 1]) : 0;
    long long start = now();
    int done = -1;
    if (strcmp(op, "accept") == 0 && token_count > 0)
        done = accept_loop(rounds);
    else if (strcmp(op, "initiate") == 0)
        done = initiate_loop(rounds);
    else if (strcmp(op, "seal") == 0 || strcmp(op, "open") == 0 || strcmp(op, "mic") == 0)
        done = message_loop(op, rounds);
    else if (strcmp(op, "verify") == 0 && count == 3)
        done = verify_loop(words[1], rounds);
    *elapsed = now() - start;
    if (strcmp(op, "finish") == 0)
        done = finish_loop(rounds, elapsed);
    else if (strcmp(op, "seal-iov") == 0)
        done = seal_iov_loop(rounds, elapsed);
    else if (strcmp(op, "open-iov") == 0)
        done = open_iov_loop(rounds, elapsed);
    return done;
}

/* The other requests: 0 failed, 1 done, 2 done and answered, -1 unknown. */
static int plain(const char *op, char *const *words, int count) {
    if (count == 1 && (strcmp(op, "seal-one") == 0 || strcmp(op, "open-one") == 0 || strcmp(op, "mic-one") == 0))
        return once(op) ? 2 : 0;
    if (count == 2 && strcmp(op, "join") == 0)
        return join(words[1]) ? 2 : 0;
    if (count == 2 && strcmp(op, "message") == 0) {
        free(message.value);
        return from_hex(words[1], &message);
    }
    if (count == 2 && strcmp(op, "tokens") == 0)
        return load_tokens(words[1]);
    if (count == 2 && strcmp(op, "copy-keytab") == 0)
        return copy_keytab(words[1]);
    if (count == 2 && strcmp(op, "copy-ccache") == 0)
        return copy_ccache(words[1]);
    if (count == 3 && strcmp(op, "acceptor") == 0) {
        accept_mech = mechanism(words[1]);
        return acquire(&accept_cred, accept_mech, GSS_C_ACCEPT, "keytab", words[2]);
    }
    if (count == 4 && strcmp(op, "initiator") == 0) {
        initiate_mech = mechanism(words[1]);
        return acquire(&initiate_cred, initiate_mech, GSS_C_INITIATE, "ccache", words[2]) && import_target(words[3]);
    }
    return -1;
}

int main(void) {
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        char *words[4] = {NULL}, *rest = line;
        int count = 0;
        line[strcspn(line, "\n")] = '\0';
        while (count < 4 && (words[count] = strsep(&rest, " ")) != NULL)
            count++;
        long long elapsed;
        int done = plain(words[0], words, count);
        if (done == 1) {
            printf("ok\n");
        } else if (done < 0) {
            done = timed(words[0], words, count, &elapsed);
            if (done > 0)
                printf("ok %lld\n", elapsed);
            else if (done < 0)
                fail("no such request, or not with these words: %s", words[0]);
        }
        if (done <= 0)
            printf("error %s\n", failure);
        fflush(stdout);
    }
    free(line);
    return 0;
}
