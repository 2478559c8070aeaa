// Identity, files that are there already, specs, and the words a container is started with.

import Testing

@testable import AviaryEnsemble

// MARK: Who it is

@Test func `a missing id is an error that says what to type`() {
    let said = complaints(["ZOO_SERVERS": officialServers])
    #expect(said.contains("set ZOO_MY_ID to one of them"))
    #expect(said.contains("1, 2, 3"))
}

@Test func `the one server whose host is this one is meant`() throws {
    #expect(try plan(["ZOO_SERVERS": officialServers], host: "zoo3").identity == "3\n")
    let kubernetes =
        "server.7=zk-0.zk.default.svc:2888:3888;2181 server.8=zk-1.zk.default.svc:2888:3888;2181"
    #expect(try plan(["ZOO_SERVERS": kubernetes], host: "zk-1").identity == "8\n")
}

@Test func `an ordinal counts from zero, ids from one`() throws {
    let servers = "server.1=10.0.0.1:2888:3888;2181 server.2=10.0.0.2:2888:3888;2181"
    #expect(try plan(["ZOO_SERVERS": servers], host: "zk-1").identity == "2\n")
    #expect(complaints(["ZOO_SERVERS": servers], host: "zk-7").contains("ZOO_MY_ID"))
}

@Test func `the id of the environment goes before the host name`() throws {
    #expect(
        try plan(["ZOO_SERVERS": officialServers, "ZOO_MY_ID": "1"], host: "zoo3").identity == "1\n"
    )
}

@Test func `an id that is not the data volume's is refused`() {
    let said = complaints(
        ["ZOO_SERVERS": officialServers, "ZOO_MY_ID": "2"], files: ["/data/myid": "1\n"])
    #expect(said.contains("server 2 by ZOO_MY_ID"))
    #expect(said.contains("belongs to server 1 by /data/myid"))
    #expect(said.contains("ZOO_MY_ID=1"))
    let byHost = complaints(
        ["ZOO_SERVERS": officialServers], host: "zoo2", files: ["/data/myid": "1"])
    #expect(byHost.contains("by the host name zoo2"))
}

@Test func `the data volume's id is enough, and is not written again`() throws {
    let plan = try plan(["ZOO_SERVERS": officialServers], files: ["/data/myid": "3\n"])
    #expect(plan.identity == nil)
    #expect(plan.notes.contains("server 3 by /data/myid"))
}

@Test func `an id that nobody lists is refused`() {
    #expect(
        complaints(["ZOO_SERVERS": officialServers, "ZOO_MY_ID": "4"])
            .contains("not among the servers (1, 2, 3)"))
    #expect(
        complaints(["ZOO_SERVERS": officialServers], files: ["/data/myid": "x"]).contains(
            "/data/myid"))
}

@Test func `a server that was given an id but no others says that it is alone`() throws {
    let plan = try plan(["ZOO_MY_ID": "2"])
    #expect(plan.identity == "2\n")
    #expect(plan.notes.contains { $0.contains("runs alone") })
}

@Test func `a lone server that may grow is server 1 of its list`() throws {
    let plan = try plan(["ZOO_STANDALONE_ENABLED": "false", "ZOO_MY_ID": "1"])
    #expect(plan.members == ["server.1=localhost:2888:3888;2181"])
    #expect(plan.identity == "1\n")
}

// MARK: Ports

@Test func `a forgotten client port is 2181, and said`() throws {
    let plan = try plan([
        "ZOO_MY_ID": "1", "ZOO_SERVERS": "server.1=a:2888:3888 server.2=b:2888:3888",
    ])
    #expect(plan.value("clientPort") == "2181")
    #expect(plan.notes.contains { $0.contains("has no client port (;2181)") })
}

@Test func `what the environment says about listening is left alone`() throws {
    let plan = try plan([
        "ZOO_MY_ID": "1", "ZOO_SERVERS": officialServers, "ZOO_LISTEN_ALLIPS_ENABLED": "no",
    ])
    #expect(plan.value("quorumListenOnAllIPs") == "false")
}

// MARK: Files that are there

@Test func `a zoo.cfg of the entrypoint is made anew, so a changed environment counts`() throws {
    let first = try plan(["ZOO_TICK_TIME": "1000"])
    let written = first.files.first { $0.path == "/conf/zoo.cfg" }?.text ?? ""
    #expect(written.hasPrefix(ContainerPlanner.mark))
    let second = try plan(["ZOO_TICK_TIME": "4000"], files: ["/conf/zoo.cfg": written])
    #expect(second.value("tickTime") == "4000")
}

@Test func `somebody's own zoo.cfg stays as it is`() throws {
    let own = "dataDir=/store\nclientPort=2199\nserver.1=a:1:2\nserver.2=b:1:2\n"
    let plan = try plan(
        ["ZOO_TICK_TIME": "4000", "ZOO_MY_ID": "2"], files: ["/conf/zoo.cfg": own])
    #expect(plan.files == [ContainerPlan.File(path: "/store/myid", text: "2\n")])
    #expect(plan.action == .serve(configuration: "/conf/zoo.cfg"))
    #expect(plan.client.port == 2199)
    #expect(plan.notes.contains { $0.contains("without ZOO_TICK_TIME") })
    #expect(complaints([:], files: ["/conf/zoo.cfg": own]).contains("ZOO_MY_ID"))
}

@Test func `the folder and the name of the configuration can be chosen`() throws {
    #expect(
        try plan(["ZOO_CONF_DIR": "/etc/zk"]).action == .serve(configuration: "/etc/zk/zoo.cfg"))
    let named = try plan(
        words: ["zkServer.sh", "--config", "/c", "start-foreground", "my.cfg"],
        files: ["/c/my.cfg": "dataDir=/d\nclientPort=1\n"])
    #expect(named.action == .serve(configuration: "/c/my.cfg"))
    #expect(complaints(words: ["zkServer.sh", "start-foreground", "/x.cfg"]).contains("/x.cfg"))
}

@Test func `members that change live with the data, and win over the environment's list`() throws {
    let variables = [
        "ZOO_MY_ID": "1", "ZOO_SERVERS": officialServers, "ZOO_CFG_EXTRA": "reconfigEnabled=true",
    ]
    let first = try plan(variables)
    #expect(first.action == .serve(configuration: "/data/zoo.cfg"))
    #expect(first.members.count == 3)
    let grown =
        officialServers.split(separator: " ").joined(separator: "\n")
        + "\nserver.4=zoo4:2888:3888:participant;2181"
    let second = try plan(
        variables,
        files: [
            "/data/myid": "1\n", "/data/zoo.cfg.dynamic.100000000": "server.1=old:1:2;3",
            "/data/zoo.cfg.dynamic.20000000a": grown, "/data/zoo.cfg.dynamic.next": "junk",
        ])
    #expect(second.members.isEmpty)
    #expect(second.value("dynamicConfigFile") == "/data/zoo.cfg.dynamic.20000000a")
    #expect(second.value("clientPort") == nil)
}

// MARK: Specs

private let spec = """
    version: 1
    config: {tickTime: 1500}
    servers:
      - {id: 4, host: zk-0.zk, config: {snapCount: 77}}
      - {id: 5, host: zk-1.zk, dataDir: /five}
      - {id: 6, host: zk-2.zk, role: observer}
    """

@Test func `a mounted spec is a configuration, and the host name says which server`() throws {
    let plan = try plan(["AVIARY_SPEC": "/spec.yaml"], host: "zk-1", files: ["/spec.yaml": spec])
    #expect(plan.value("server.6") == "zk-2.zk:2888:3888:observer;2181")
    #expect(plan.value("tickTime") == "1500")
    // As the same spec has them rendered, or brought up by the launcher.
    #expect(plan.value("initLimit") == "10")
    #expect(plan.value("syncLimit") == "5")
    #expect(plan.value("4lw.commands.whitelist")?.contains("mntr") == true)
    #expect(plan.value("dataDir") == "/five")
    #expect(plan.value("snapCount") == nil)
    #expect(plan.files.last == ContainerPlan.File(path: "/five/myid", text: "5\n"))
}

@Test func `the environment goes before the spec`() throws {
    let plan = try plan(
        [
            "AVIARY_SPEC": "/spec.yaml", "ZOO_MY_ID": "4", "ZOO_TICK_TIME": "100",
            "ZOO_SYNC_LIMIT": "3",
        ],
        files: ["/spec.yaml": spec])
    #expect(plan.value("syncLimit") == "3")
    #expect(plan.value("tickTime") == "100")
    #expect(plan.value("snapCount") == "77")
    #expect(plan.identity == "4\n")
}

@Test func `a wrong spec is shown at its line`() {
    let said = complaints(
        ["AVIARY_SPEC": "/s.yaml"], files: ["/s.yaml": "version: 1\nservres: 3\n"])
    #expect(said.contains("/s.yaml:2:1: error:"))
    #expect(complaints(["AVIARY_SPEC": "/none.yaml"]).contains("mount it there"))
}

@Test(arguments: ["servers: 3", "servers: [{id: 1}, {id: 2, host: localhost}]"])
func `a spec whose servers are all on localhost is refused`(servers: String) {
    let said = complaints(
        ["AVIARY_SPEC": "/s.yaml", "ZOO_MY_ID": "1"], files: ["/s.yaml": "version: 1\n\(servers)\n"]
    )
    #expect(said.hasPrefix("/s.yaml: its "))
    #expect(said.contains("each server needs a 'host'"))
}

@Test(arguments: ["servers: 1", "servers: [{id: 1, host: 127.0.0.1}, {id: 2, host: 127.0.0.1}]"])
func `a server alone and servers on one network need no other host`(servers: String) throws {
    let plan = try plan(
        ["AVIARY_SPEC": "/s.yaml", "ZOO_MY_ID": "1"], files: ["/s.yaml": "version: 1\n\(servers)\n"]
    )
    #expect(plan.action == .serve(configuration: "/conf/zoo.cfg"))
}

// MARK: The words

@Test(arguments: [
    [], ["zkServer.sh", "start-foreground"],
    ["/apache-zookeeper/bin/zkServer.sh", "start-foreground"],
    ["start-foreground"], ["zkServer.sh"], ["/etc/confluent/docker/run"],
    ["docker-entrypoint.sh", "zkServer.sh", "start-foreground"],
])
func `many words start a server`(words: [String]) throws {
    #expect(try plan(words: words).action == .serve(configuration: "/conf/zoo.cfg"))
}

@Test func `other words do what they say`() throws {
    let members = ["ZOO_MY_ID": "1", "ZOO_SERVERS": officialServers]
    let status = try plan(members, words: ["zkServer.sh", "status"])
    #expect(status.action == .showStatus(configuration: "/conf/zoo.cfg"))
    #expect(status.files.isEmpty)
    #expect(try plan(words: ["zkServer.sh", "version"]).action == .showVersion)
    #expect(
        try plan(words: ["zkCli.sh", "-server", "a:1", "ls", "/"]).action
            == .shell(["-server", "a:1", "ls", "/"]))
    #expect(try plan(words: ["status", "--json"]).action == .verb(["status", "--json"]))
    #expect(try plan(words: ["aviary", "cli"]).action == .verb(["cli"]))
    #expect(try plan(words: ["sh", "-c", "ls"]).action == .execute(["sh", "-c", "ls"]))
    #expect(complaints(words: ["zkServer.sh", "stop"]).contains("no use in a container"))
    #expect(complaints(words: ["zkServer.sh", "sing"]).contains("no command sing"))
}
