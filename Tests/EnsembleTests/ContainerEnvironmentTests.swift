// The names of the environment, image by image.

import Foundation
import Testing

@testable import AviaryEnsemble

@Test func `a container without any environment is one server`() throws {
    let plan = try plan()
    #expect(
        plan.lines == [
            "dataDir=/data", "dataLogDir=/datalog", "tickTime=2000", "initLimit=5", "syncLimit=2",
            "autopurge.snapRetainCount=3", "autopurge.purgeInterval=24", "maxClientCnxns=60",
            "standaloneEnabled=true", "admin.enableServer=true", "clientPort=2181",
        ])
    #expect(plan.action == .serve(configuration: "/conf/zoo.cfg"))
    #expect(plan.directories == ["/data", "/datalog", "/conf"])
    #expect(plan.identity == nil)
}

@Test func `the compose example of the official image is understood`() throws {
    let plan = try plan(
        ["ZOO_MY_ID": "2", "ZOO_SERVERS": officialServers, "PATH": "/bin"], host: "zoo2")
    #expect(plan.members.count == 3)
    #expect(plan.value("server.3") == "zoo3:2888:3888;2181")
    #expect(plan.value("clientPort") == nil)
    #expect(plan.value("quorumListenOnAllIPs") == "true")
    #expect(plan.identity == "2\n")
    #expect(plan.client.host == "localhost")
    #expect(plan.client.port == 2181)
}

@Test(arguments: [
    ("ZOO_TICK_TIME", "3000", "tickTime"), ("ZOO_INIT_LIMIT", "11", "initLimit"),
    ("ZOO_SYNC_LIMIT", "7", "syncLimit"), ("ZOO_MAX_CLIENT_CNXNS", "0", "maxClientCnxns"),
    ("ZOO_AUTOPURGE_SNAPRETAINCOUNT", "9", "autopurge.snapRetainCount"),
    ("ZOO_AUTOPURGE_PURGEINTERVAL", "0", "autopurge.purgeInterval"),
    ("ZOO_STANDALONE_ENABLED", "true", "standaloneEnabled"),
    ("ZOO_ADMINSERVER_ENABLED", "false", "admin.enableServer"),
    ("ZOO_4LW_COMMANDS_WHITELIST", "srvr, mntr", "4lw.commands.whitelist"),
    ("ZOO_DATA_DIR", "/elsewhere", "dataDir"), ("ZOO_DATA_LOG_DIR", "/logs2", "dataLogDir"),
    ("ZOOKEEPER_TICK_TIME", "3000", "tickTime"), ("ZOO_SNAPCOUNT", "500", "snapCount"),
    ("ZOOKEEPER_JUTE_MAX_BUFFER", "4194304", "jute.maxbuffer"),
    ("ZOO_AUTOPURGE_INTERVAL", "6", "autopurge.purgeInterval"),
    ("ZOOKEEPER_CLIENT_CNXNS", "5", "maxClientCnxns"), ("ZOO_CFG_snapCount", "77", "snapCount"),
])
func `a variable sets its key`(name: String, value: String, key: String) throws {
    let plan = try plan([name: value])
    #expect(plan.value(key) == value)
    #expect(plan.lines.count { $0.hasPrefix(key + "=") } == 1)
    #expect(plan.notes.contains { $0.hasPrefix("from the environment:") && $0.contains(name) })
}

@Test(arguments: [
    ("yes", "true"), ("no", "false"), ("True", "true"), ("1", "true"), ("off", "false"),
])
func `yes and no have many spellings`(written: String, meant: String) throws {
    #expect(try plan(["ZOO_RECONFIG_ENABLED": written]).value("reconfigEnabled") == meant)
}

@Test func `an empty variable is unset`() throws {
    #expect(try plan(["ZOO_TICK_TIME": "", "ZOO_SERVERS": "", "ZOO_MY_ID": ""]) == plan())
}

@Test func `extra lines come last and take the place of others`() throws {
    let plan = try plan([
        "ZOO_CFG_EXTRA": "tickTime=500 metricsProvider.httpPort=7000\nskipACL=yes nothing",
        "ZOO_TICK_TIME": "3000",
    ])
    #expect(plan.value("tickTime") == "500")
    #expect(plan.lines.count { $0.hasPrefix("tickTime=") } == 1)
    #expect(plan.value("metricsProvider.httpPort") == "7000")
    #expect(plan.value("skipACL") == "yes")
    #expect(plan.notes.contains { $0.contains("nothing is no KEY=VALUE") })
}

@Test func `Bitnami's list of servers is numbered by place, or by itself`() throws {
    let plan = try plan([
        "ZOO_SERVER_ID": "5", "ZOO_PORT_NUMBER": "2182",
        "ZOO_SERVERS": "zk1:2888:3888,0.0.0.0:2888:3888::5;zk3:2888:3888:observer::9",
    ])
    #expect(
        plan.members == [
            "server.1=zk1:2888:3888;2182", "server.5=0.0.0.0:2888:3888;2182",
            "server.9=zk3:2888:3888:observer;2182",
        ])
    #expect(plan.identity == "5\n")
}

@Test func `a single entry in Bitnami's form is a server alone`() throws {
    let plan = try plan(["ZOO_SERVERS": "zk1:2888:3888", "ALLOW_ANONYMOUS_LOGIN": "yes"])
    #expect(plan.members.isEmpty)
    #expect(plan.value("clientPort") == "2181")
}

/// A container where these are mounted, beside what an engine mounts in each.
private func mounted(_ points: String...) throws -> ContainerPlan {
    let system = ["/", "/proc", "/data", "/datalog", "/conf", "/logs", "/etc/hosts"]
    let lines = (system + points).map { "812 790 254:1 /volumes/x \($0) rw - ext4 /dev/vda rw\n" }
    return try plan(
        files: ["/proc/self/mountinfo": lines.joined()],
        folders: ["/bitnami/zookeeper/data", "/var/lib/zookeeper/data", "/var/lib/zookeeper/log"])
}

@Test(arguments: ["/bitnami", "/bitnami/zookeeper", "/bitnami/zookeeper/data"])
func `Bitnami's volume is used where it is mounted`(point: String) throws {
    let plan = try mounted(point)
    #expect(plan.value("dataDir") == "/bitnami/zookeeper/data")
    #expect(plan.value("dataLogDir") == "/bitnami/zookeeper/data")
}

@Test func `Confluent's volumes are used where they are mounted`() throws {
    for both in [
        try mounted("/var/lib/zookeeper/data", "/var/lib/zookeeper/log"),
        try mounted("/var/lib/zookeeper"),
    ] {
        #expect(both.value("dataDir") == "/var/lib/zookeeper/data")
        #expect(both.value("dataLogDir") == "/var/lib/zookeeper/log")
    }
    let data = try mounted("/var/lib/zookeeper/data")
    #expect(data.value("dataDir") == "/var/lib/zookeeper/data")
    #expect(data.value("dataLogDir") == "/var/lib/zookeeper/data")
    let log = try mounted("/var/lib/zookeeper/log")
    #expect(log.value("dataDir") == "/data")
    #expect(log.value("dataLogDir") == "/var/lib/zookeeper/log")
}

@Test func `folders of other images that are only there are no volumes`() throws {
    let plan = try mounted("/var", "/var/lib/zookeeper-other", "/bitnami/kafka")
    #expect(plan.value("dataDir") == "/data")
    #expect(plan.value("dataLogDir") == "/datalog")
}

@Test func `Confluent's names make an ensemble`() throws {
    let plan = try plan([
        "ZOOKEEPER_SERVER_ID": "2", "ZOOKEEPER_CLIENT_PORT": "22181",
        "ZOOKEEPER_SERVERS": "a:22888:23888;b:22888:23888;c:22888:23888",
        "ZOOKEEPER_GROUPS": "1:2;3", "ZOOKEEPER_WEIGHTS": "1;1;2",
    ])
    #expect(plan.value("server.2") == "b:22888:23888")
    #expect(plan.value("clientPort") == "22181")
    #expect(plan.value("group.1") == "1:2")
    #expect(plan.value("weight.3") == "2")
    #expect(plan.identity == "2\n")
    #expect(plan.client.port == 22181)
}

@Test func `one variable a server, as an older guide has it`() throws {
    let plan = try plan([
        "ZOOKEEPER_ID": "2", "ZOOKEEPER_SERVER_1": "10.0.0.1", "ZOOKEEPER_SERVER_2": "10.0.0.2",
        "ZOOKEEPER_SERVER_10": "10.0.0.3",
    ])
    #expect(
        plan.members == [
            "server.1=10.0.0.1:2888:3888", "server.2=0.0.0.0:2888:3888",
            "server.10=10.0.0.3:2888:3888",
        ])
}

@Test func `additional lines by number, as the oldest guides have them`() throws {
    let plan = try plan([
        "SERVER_ID": "1", "ADDITIONAL_ZOOKEEPER_1": "server.1=10.1.0.1:2888:3888",
        "ADDITIONAL_ZOOKEEPER_2": "server.2=10.1.0.2:2888:3888",
        "ADDITIONAL_ZOOKEEPER_3": "server.3=10.1.0.3:2888:3888",
        "ADDITIONAL_ZOOKEEPER_4": "clientPort=2181", "ADDITIONAL_ZOOKEEPER_10": "clientPort=2199",
    ])
    #expect(plan.members.count == 3)
    #expect(plan.value("clientPort") == "2199")
    #expect(plan.identity == "1\n")
    // On the host's network, others of its addresses stay closed.
    #expect(plan.value("quorumListenOnAllIPs") == nil)
}

@Test func `properties of a Java machine are keys, and its other options are not`() throws {
    let plan = try plan([
        "JVMFLAGS": "-Xmx512m -Dzookeeper.skipACL=yes -Djute.maxbuffer=999999 -Dcom.sun.x=1",
        "ZOO_TICK_TIME": "900",
    ])
    #expect(plan.value("skipACL") == "yes")
    #expect(plan.value("jute.maxbuffer") == "999999")
    #expect(plan.notes.contains { $0.hasPrefix("JVMFLAGS: -Xmx512m -Dcom.sun.x=1 has no effect") })
}

@Test func `a value may stand in a file`() throws {
    let read = try plan(
        ["ZOO_MY_ID_FILE": "/run/id", "ZOO_SERVERS": officialServers],
        files: ["/run/id": "3\n"])
    #expect(read.identity == "3\n")
    #expect(complaints(["ZOO_MY_ID_FILE": "/run/id"]).contains("there is no such file"))
    #expect(
        complaints(["ZOO_TICK_TIME": "1", "ZOO_TICK_TIME_FILE": "/t"], files: ["/t": "2"])
            .contains("both set"))
}

@Test func `what has no effect is said, with the name that was meant`() throws {
    let notes = try plan([
        "ZOO_TICKTIME": "1000", "ZOO_LOG_DIR": "/var/log", "ZK_SERVER_HEAP": "512",
        "ZOOKEEPER_SERVICE_HOST": "10.0.0.9", "ZOOKEEPER_PORT": "tcp://10.0.0.9:2181",
        "ZOOKEEPER_PORT_2181_TCP_ADDR": "10.0.0.9", "ZOOKEEPER_CLIENT_PORT": "tcp://10.0.0.9:2181",
    ]).notes
    #expect(
        notes.contains { $0.contains("ZOO_TICKTIME is not known") && $0.contains("ZOO_TICK_TIME?") }
    )
    #expect(notes.contains { $0.hasPrefix("ZOO_LOG_DIR has no effect") })
    #expect(notes.contains { $0.hasPrefix("ZK_SERVER_HEAP has no effect") })
    #expect(!notes.contains { $0.contains("10.0.0.9") || $0.contains("SERVICE") })
}

@Test func `the level and the form of the log are what somebody says`() throws {
    #expect(try plan().log == ContainerPlan.Log())
    #expect(try plan(["ZOO_LOG4J_PROP": "WARN, CONSOLE"]).log.level == "WARN")
    #expect(try plan(["ZOO_LOG_LEVEL": "DEBUG", "AVIARY_LOG_LEVEL": "error"]).log.level == "error")
    #expect(try plan(["AVIARY_LOG_FORMAT": "json"]).log.format == "json")
    #expect(try plan(["AVIARY_LOG_FORMAT": "TEXT"]).log.format == "TEXT")
    #expect(
        complaints(["AVIARY_LOG_FORMAT": "xml"])
            == "AVIARY_LOG_FORMAT=xml: the log's formats are json and text")
}

@Test func `Bitnami's and Confluent's names for TLS are keys`() throws {
    let bitnami = try plan([
        "ZOO_TLS_CLIENT_ENABLE": "true", "ZOO_TLS_CLIENT_AUTH": "want",
        "ZOO_TLS_CLIENT_KEYSTORE_FILE": "/tls/key.jks",
        "ZOO_TLS_CLIENT_KEYSTORE_PASSWORD": "hush-hush",
        "ZOO_TLS_CLIENT_TRUSTSTORE_FILE": "/tls/trust.jks",
    ])
    #expect(bitnami.value("secureClientPort") == "3181")
    #expect(bitnami.value("ssl.clientAuth") == "want")
    #expect(bitnami.value("ssl.keyStore.location") == "/tls/key.jks")
    #expect(bitnami.value("ssl.trustStore.location") == "/tls/trust.jks")
    #expect(!bitnami.notes.joined().contains("hush-hush"))
    let other = ["ZOO_TLS_CLIENT_ENABLE": "yes", "ZOO_TLS_PORT_NUMBER": "2281"]
    #expect(try plan(other).value("secureClientPort") == "2281")
    #expect(try plan(["ZOO_TLS_CLIENT_ENABLE": "no"]).value("secureClientPort") == nil)
    let confluent = try plan([
        "ZOOKEEPER_CLIENT_PORT": "2181", "ZOOKEEPER_SECURE_CLIENT_PORT": "2281",
        "ZOOKEEPER_SSL_KEYSTORE_LOCATION": "/etc/k.p12",
    ])
    #expect(confluent.value("secureClientPort") == "2281")
    #expect(confluent.value("ssl.keyStore.location") == "/etc/k.p12")
    let servers = try plan([
        "ZOO_TLS_QUORUM_ENABLE": "yes", "ZOO_TLS_QUORUM_KEYSTORE_FILE": "/tls/q.p12",
    ])
    #expect(servers.value("sslQuorum") == "true")
    #expect(servers.value("ssl.quorum.keyStore.location") == "/tls/q.p12")
}

@Test(arguments: ["ZOO_ENABLE_AUTH", "ZOO_ENABLE_QUORUM_AUTH"])
func `a protection that there is not yet is never ignored`(name: String) throws {
    #expect(complaints([name: "yes"]).contains("cannot give"))
    #expect(complaints([name: "no"]).isEmpty)
}

@Test func `what is wrong is said by variable, all at once`() {
    let said = complaints(["ZOO_MY_ID": "0", "ZOO_ENABLE_AUTH": "yes"])
    #expect(said.contains("ZOO_MY_ID=0"))
    #expect(said.contains("ZOO_ENABLE_AUTH"))
    #expect(complaints(["ZOO_TICK_TIME": "soon"]).hasPrefix("ZOO_TICK_TIME: tickTime=soon"))
    #expect(complaints(["ZOO_TICK_TIME": "1\nskipACL=yes"]).contains("more than one line"))
    #expect(complaints(["ZOO_SERVERS": "server.1=zoo1 zoo2:1:2"]).contains("zoo2:1:2 is no server"))
    #expect(complaints(["ZOO_MY_ID": "1", "SERVER_ID": "2"]).contains("disagree"))
}

@Test(arguments: [
    ("ZOO_SERVERS", ["ZOO_SERVERS": "server.1=zoo1:2888:3888;2181 server.1=zoo2:2888:3888;2181"]),
    ("ZOO_SERVERS", ["ZOO_SERVERS": "server.1=zoo1:2888:3888;2181 server.01=zoo2:2888:3888;2181"]),
    ("ZOO_SERVERS", ["ZOO_SERVERS": "zoo1:2888:3888::1,zoo2:2888:3888::1"]),
    ("ZOO_SERVERS", ["ZOO_SERVERS": "zoo1:2888:3888,zoo2:2888:3888::1,zoo3:2888:3888::1"]),
    ("ZOO_CFG_EXTRA", ["ZOO_CFG_EXTRA": "server.1=zoo1:2888:3888 server.1=zoo2:2888:3888"]),
    (
        "ADDITIONAL_ZOOKEEPER_N",
        [
            "ADDITIONAL_ZOOKEEPER_1": "server.1=10.0.0.1:2888:3888",
            "ADDITIONAL_ZOOKEEPER_2": "server.1=10.0.0.2:2888:3888",
        ]
    ),
    (
        "ZOOKEEPER_SERVER_N",
        ["ZOOKEEPER_SERVER_1": "10.0.0.1", "ZOOKEEPER_SERVER_01": "10.0.0.2"]
    ),
])
func `one number for two servers is refused`(list: String, variables: [String: String]) {
    let said = complaints(variables.merging(["ZOO_MY_ID": "1"]) { first, _ in first })
    #expect(said == "server.1 is there twice in \(list): every server has its own number")
}

@Test func `a later source may still say where a server of an earlier one is`() throws {
    let plan = try plan([
        "ZOO_MY_ID": "1", "ZOO_SERVERS": officialServers,
        "ZOO_CFG_EXTRA": "server.2=elsewhere:2888:3888;2181",
    ])
    #expect(plan.members.count == 3)
    #expect(plan.value("server.2") == "elsewhere:2888:3888;2181")
}

@Test func `secrets are not written into the log`() throws {
    let notes = try plan([
        "ZOO_CFG_EXTRA":
            "DigestAuthenticationProvider.superDigest=super:abc ssl.keyStore.password=hush"
    ]).notes.joined()
    #expect(!notes.contains("abc") && !notes.contains("hush"))
}

@Test func `the documentation has every name`() throws {
    let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Documentation/CONTAINER.md")
    let text = try String(contentsOf: page, encoding: .utf8)
    for variable in ContainerVariable.all {
        #expect(text.contains("`\(variable.name)`"), "\(variable.name) is not documented")
    }
}
