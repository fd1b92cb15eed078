/* gridwarn token: the key that turns callers into tokens, and what it turns them into, so that those who connect a
 * source can check that both sides mean the same caller.  Values come on standard input, never as arguments, which
 * `ps` shows to everybody; no value is ever printed, and the key is wiped from memory. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_BYTES = crypto_shorthash_KEYBYTES, KEY_DIGITS = 2 * KEY_BYTES, OPTION_NEW_KEY = CLI_LONG, OPTION_KEY };

static const struct cli_option options[] = {
    {OPTION_NEW_KEY, "new-key", "FILE", "write a new random key to FILE, which must not exist yet"},
    {OPTION_KEY, "key", "FILE", "print the token of each line of standard input under this key"},
};

static const struct cli_command command = {
    "token",
    "--new-key FILE\n--key FILE < VALUES\n",
    "A token is SipHash-2-4 of a caller's identification, as 16 hexadecimal digits; `-` for a blank line.\n"
    "A value is hashed as it stands: give it as the mapping leaves it (of a phone number, its digits alone).\n"
    "A key is 16 random bytes as 32 hexadecimal digits; keep it readable by the engine alone.",
    options,
    sizeof options / sizeof *options,
};

static int complain(int status, const char *path, const char *what)
{
    fprintf(stderr, "gridwarn token: %s: %s\n", path, what);
    return status;
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
    return fsync(fd) == 0;
}

static int make_key(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EEXIST)
        return complain(CLI_USAGE, path, "exists already and is not overwritten: tokens in use depend on it");
    if (fd < 0)
        return complain(CLI_INTERNAL, path, strerror(errno));
    unsigned char key[KEY_BYTES];
    char line[KEY_DIGITS + 2];
    randombytes_buf(key, sizeof key);
    sodium_bin2hex(line, sizeof line, key, sizeof key);
    line[KEY_DIGITS] = '\n';
    bool written = write_all(fd, line, KEY_DIGITS + 1);
    int why = errno;
    written = close(fd) == 0 && written;
    sodium_memzero(key, sizeof key);
    sodium_memzero(line, sizeof line);
    if (written)
        return CLI_OK;
    unlink(path);
    return complain(CLI_INTERNAL, path, strerror(why));
}

static int read_key(const char *path, unsigned char *key)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat file;
    char text[KEY_DIGITS + 3];
    ssize_t len = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (len < 0) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return complain(CLI_CONFIG, path, strerror(why));
    }
    bool open_to_others = fstat(fd, &file) != 0 || (file.st_mode & (S_IRWXG | S_IRWXO)) != 0;
    close(fd);
    if (open_to_others) /* as the engine itself does */
        return complain(CLI_CONFIG, path, "may be read by others: expected `chmod 600`");
    if (len > 0 && text[len - 1] == '\n')
        len--;
    size_t bytes = 0;
    bool good = len == KEY_DIGITS && sodium_hex2bin(key, KEY_BYTES, text, KEY_DIGITS, NULL, &bytes, NULL) == 0 &&
                bytes == KEY_BYTES;
    sodium_memzero(text, sizeof text);
    return good ? CLI_OK : complain(CLI_CONFIG, path, "not a key: 32 hexadecimal digits were expected");
}

static uint64_t token_of(const char *value, size_t len, const unsigned char *key)
{
    uint64_t token;
    unsigned char hash[sizeof token];
    crypto_shorthash(hash, (const unsigned char *)value, len, key);
    memcpy(&token, hash, sizeof token);
    return token ? token : 1; /* 0 is nobody */
}

static int print_tokens(const unsigned char *key)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    errno = 0;
    while ((len = getline(&line, &room, stdin)) >= 0) {
        while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
            len--;
        if (len > 0)
            printf("%016" PRIx64 "\n", token_of(line, (size_t)len, key));
        else
            puts("-");
    }
    bool failed = ferror(stdin);
    int why = errno;
    free(line);
    return failed ? complain(CLI_INPUT, "standard input", strerror(why)) : CLI_OK;
}

int command_token(int argc, char **argv)
{
    const char *path = NULL;
    int status, option, wanted = 0;
    while ((option = cli_next(&command, argc, argv, &status)) != CLI_END) {
        if (option == CLI_EXIT)
            return status;
        if (path)
            return cli_misused(&command, "one of --new-key and --key, once");
        wanted = option;
        path = optarg;
    }
    if (!path)
        return cli_misused(&command, "one of --new-key and --key is needed");
    if (sodium_init() < 0)
        return complain(CLI_INTERNAL, "libsodium", "no source of random numbers");
    if (wanted == OPTION_NEW_KEY)
        return make_key(path);
    unsigned char key[KEY_BYTES];
    status = read_key(path, key);
    if (status == CLI_OK)
        status = print_tokens(key);
    sodium_memzero(key, sizeof key);
    return status;
}
