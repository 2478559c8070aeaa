/* The everyday requests through Apache ZooKeeper's C library, as an application would make them.
 *
 *   cclient HOSTS tour             every request once, each answer checked; prints "ok"
 *   cclient HOSTS hold PATH        an ephemeral znode, "held SESSION" once it is there, then waits to be killed
 *   cclient HOSTS watch PATH       a data watch, "watching" once it is set, then "changed PATH" when it fires
 *   cclient HOSTS write PATH N     N sequential children of PATH, one after the other, through whatever reconnects;
 *                                  prints each name that was acknowledged
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zookeeper/zookeeper.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int connected, fired_type;
static char fired_path[256];

static void session_watcher(zhandle_t *zh, int type, int state, const char *path, void *context)
{
	(void)zh; (void)path; (void)context;
	if (type != ZOO_SESSION_EVENT) return;
	pthread_mutex_lock(&lock);
	connected = state == ZOO_CONNECTED_STATE;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	if (state == ZOO_EXPIRED_SESSION_STATE || state == ZOO_AUTH_FAILED_STATE) {
		fprintf(stderr, "session lost: state %d\n", state);
		exit(1);
	}
}

static void node_watcher(zhandle_t *zh, int type, int state, const char *path, void *context)
{
	(void)zh; (void)state; (void)context;
	if (type == ZOO_SESSION_EVENT) return;
	pthread_mutex_lock(&lock);
	fired_type = type;
	snprintf(fired_path, sizeof fired_path, "%s", path);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static int wait_for(int *flag, int wanted)
{
	struct timespec end;
	int late = 0;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 20;
	pthread_mutex_lock(&lock);
	while (*flag != wanted && !late) late = pthread_cond_timedwait(&changed, &lock, &end);
	pthread_mutex_unlock(&lock);
	return !late;
}

#define CHECK(condition) do { if (!(condition)) { fprintf(stderr, "line %d: %s\n", __LINE__, #condition); return 1; } } while (0)
#define OK(call) do { int rc_ = (call); if (rc_ != ZOK) { fprintf(stderr, "line %d: %s: %s\n", __LINE__, #call, zerror(rc_)); return 1; } } while (0)

static int tour_nodes(zhandle_t *zh)
{
	char name[256], data[256];
	int length = sizeof data;
	struct Stat stat;
	OK(zoo_create(zh, "/c", "first", 5, &ZOO_OPEN_ACL_UNSAFE, 0, name, sizeof name));
	CHECK(!strcmp(name, "/c"));
	CHECK(zoo_create(zh, "/c", "again", 5, &ZOO_OPEN_ACL_UNSAFE, 0, name, sizeof name) == ZNODEEXISTS);
	OK(zoo_create(zh, "/c/seq-", NULL, -1, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, name, sizeof name));
	CHECK(!strcmp(name, "/c/seq-0000000000"));
	OK(zoo_create2(zh, "/c/ephemeral", "e", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, name, sizeof name, &stat));
	CHECK(stat.ephemeralOwner == zoo_client_id(zh)->client_id);
	OK(zoo_get(zh, "/c", 0, data, &length, &stat));
	CHECK(length == 5 && !memcmp(data, "first", 5) && stat.numChildren == 2 && stat.version == 0);
	OK(zoo_set2(zh, "/c", "second", 6, 0, &stat));
	CHECK(stat.version == 1 && stat.dataLength == 6);
	CHECK(zoo_set(zh, "/c", "third", 5, 0) == ZBADVERSION);
	CHECK(zoo_delete(zh, "/c", -1) == ZNOTEMPTY);
	struct String_vector names;
	OK(zoo_get_children2(zh, "/c", 0, &names, &stat));
	CHECK(names.count == 2);
	deallocate_String_vector(&names);
	CHECK(zoo_exists(zh, "/nowhere", 0, &stat) == ZNONODE);
	return 0;
}

static int tour_watches(zhandle_t *zh)
{
	struct Stat stat;
	struct String_vector names;
	CHECK(zoo_wexists(zh, "/c/later", node_watcher, NULL, &stat) == ZNONODE);
	OK(zoo_create(zh, "/c/later", "x", 1, &ZOO_OPEN_ACL_UNSAFE, 0, NULL, 0));
	CHECK(wait_for(&fired_type, ZOO_CREATED_EVENT) && !strcmp(fired_path, "/c/later"));
	OK(zoo_wexists(zh, "/c/later", node_watcher, NULL, &stat));
	OK(zoo_set(zh, "/c/later", "y", 1, -1));
	CHECK(wait_for(&fired_type, ZOO_CHANGED_EVENT));
	OK(zoo_wget_children(zh, "/c", node_watcher, NULL, &names));
	deallocate_String_vector(&names);
	OK(zoo_delete(zh, "/c/later", 1));
	CHECK(wait_for(&fired_type, ZOO_CHILD_EVENT) && !strcmp(fired_path, "/c"));
	return 0;
}

static int tour_multi(zhandle_t *zh)
{
	zoo_op_t ops[3];
	zoo_op_result_t results[3];
	struct Stat stat;
	char name[256];
	zoo_create_op_init(&ops[0], "/c/multi", "m", 1, &ZOO_OPEN_ACL_UNSAFE, 0, name, sizeof name);
	zoo_set_op_init(&ops[1], "/c/multi", "n", 1, 0, &stat);
	zoo_check_op_init(&ops[2], "/c/multi", 1);
	OK(zoo_multi(zh, 3, ops, results));
	CHECK(!strcmp(name, "/c/multi") && stat.version == 1);
	zoo_delete_op_init(&ops[0], "/c/multi", 1);
	zoo_delete_op_init(&ops[1], "/c/nowhere", -1);
	CHECK(zoo_multi(zh, 2, ops, results) == ZNONODE);
	CHECK(results[0].err == ZOK && results[1].err == ZNONODE);
	OK(zoo_exists(zh, "/c/multi", 0, &stat));
	return 0;
}

static void synced(int rc, const char *value, const void *flag) { (void)value; pthread_mutex_lock(&lock); *(int *)flag = rc == ZOK ? 1 : rc; pthread_cond_broadcast(&changed); pthread_mutex_unlock(&lock); }

static int tour_acl(zhandle_t *zh)
{
	int authenticated = 0, answered = 0;
	struct ACL_vector acl;
	struct Stat stat;
	OK(zoo_add_auth(zh, "digest", "user:secret", 11, (void_completion_t)NULL, NULL));
	OK(zoo_create(zh, "/c/mine", "s", 1, &ZOO_CREATOR_ALL_ACL, 0, NULL, 0));
	OK(zoo_get_acl(zh, "/c/mine", &acl, &stat));
	CHECK(acl.count == 1 && !strcmp(acl.data[0].id.scheme, "digest") && !strncmp(acl.data[0].id.id, "user:", 5));
	deallocate_ACL_vector(&acl);
	OK(zoo_async(zh, "/c", synced, &answered));
	CHECK(wait_for(&answered, 1));
	(void)authenticated;
	return 0;
}

static int hold(zhandle_t *zh, const char *path)
{
	OK(zoo_create(zh, path, "held", 4, &ZOO_OPEN_ACL_UNSAFE, ZOO_EPHEMERAL, NULL, 0));
	printf("held 0x%llx\n", (unsigned long long)zoo_client_id(zh)->client_id);
	fflush(stdout);
	for (;;) pause();
}

static int watch(zhandle_t *zh, const char *path)
{
	char data[256];
	int length = sizeof data;
	OK(zoo_wget(zh, path, node_watcher, NULL, data, &length, NULL));
	puts("watching");
	fflush(stdout);
	CHECK(wait_for(&fired_type, ZOO_CHANGED_EVENT));
	printf("changed %s\n", fired_path);
	return 0;
}

static int write_many(zhandle_t *zh, const char *path, int count)
{
	char name[256], prefix[256];
	snprintf(prefix, sizeof prefix, "%s/n-", path);
	for (int done = 0; done < count;) {
		int rc = zoo_create(zh, prefix, "w", 1, &ZOO_OPEN_ACL_UNSAFE, ZOO_SEQUENCE, name, sizeof name);
		if (rc == ZOK) {
			printf("%s\n", name);
			fflush(stdout);
			done++;
		} else if (rc == ZCONNECTIONLOSS || rc == ZOPERATIONTIMEOUT) {
			if (!wait_for(&connected, 1)) return 1;
		} else {
			fprintf(stderr, "create: %s\n", zerror(rc));
			return 1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 3) return 2;
	zoo_set_debug_level(ZOO_LOG_LEVEL_ERROR);
	zhandle_t *zh = zookeeper_init(argv[1], session_watcher, 10000, NULL, NULL, 0);
	if (!zh || !wait_for(&connected, 1)) {
		fputs("no connection\n", stderr);
		return 1;
	}
	int status = 2;
	if (!strcmp(argv[2], "tour")) status = tour_nodes(zh) || tour_watches(zh) || tour_multi(zh) || tour_acl(zh);
	if (!strcmp(argv[2], "hold") && argc == 4) status = hold(zh, argv[3]);
	if (!strcmp(argv[2], "watch") && argc == 4) status = watch(zh, argv[3]);
	if (!strcmp(argv[2], "write") && argc == 5) status = write_many(zh, argv[3], atoi(argv[4]));
	if (status == 0) puts("ok");
	zookeeper_close(zh);
	return status;
}
