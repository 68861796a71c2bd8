/* A client on Debian's libssh: logs in with a password, runs one command and prints what it says; with two more words
 * it puts a local file by SFTP first. Usage: client PORT USER PASSWORD COMMAND [LOCAL REMOTE] */
#include <fcntl.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <stdio.h>
#include <stdlib.h>

static void check(int good, ssh_session session, char const *what) {
  if (good) return;
  fprintf(stderr, "%s: %s\n", what, ssh_get_error(session));
  exit(1);
}

static void put(ssh_session session, char const *local, char const *remote) {
  char bytes[16384];
  size_t got;
  FILE *const from = fopen(local, "rb");
  sftp_session const sftp = sftp_new(session);
  check(from != NULL && sftp != NULL && sftp_init(sftp) == SSH_OK, session, "sftp");
  sftp_file const to = sftp_open(sftp, remote, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  check(to != NULL, session, "sftp open");
  while ((got = fread(bytes, 1, sizeof bytes, from)) > 0)
    check(sftp_write(to, bytes, got) == (ssize_t)got, session, "sftp write");
  check(sftp_close(to) == SSH_OK, session, "sftp close");
  sftp_free(sftp);
  fclose(from);
}

static int run(ssh_session session, char const *command) {
  char bytes[4096];
  int got;
  ssh_channel const channel = ssh_channel_new(session);
  check(channel != NULL && ssh_channel_open_session(channel) == SSH_OK, session, "channel");
  check(ssh_channel_request_exec(channel, command) == SSH_OK, session, "exec");
  while ((got = ssh_channel_read(channel, bytes, sizeof bytes, 0)) > 0) fwrite(bytes, 1, (size_t)got, stdout);
  check(got == 0, session, "read");
  int const status = ssh_channel_get_exit_status(channel);
  ssh_channel_free(channel);
  return status;
}

int main(int count, char **words) {
  int port = atoi(words[1]), config = 0;
  ssh_session const session = ssh_new();
  ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &config);
  ssh_options_set(session, SSH_OPTIONS_HOST, "127.0.0.1");
  ssh_options_set(session, SSH_OPTIONS_PORT, &port);
  ssh_options_set(session, SSH_OPTIONS_USER, words[2]);
  check(ssh_connect(session) == SSH_OK, session, "connect");
  check(ssh_userauth_password(session, NULL, words[3]) == SSH_AUTH_SUCCESS, session, "log-in");
  if (count > 6) put(session, words[5], words[6]);
  int const status = run(session, words[4]);
  ssh_disconnect(session);
  ssh_free(session);
  return status;
}
