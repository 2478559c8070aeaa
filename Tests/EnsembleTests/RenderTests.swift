// What is rendered is read back by the entrypoint's own planner: the servers that come of it are
// those of the spec.

import Testing

@testable import AviaryEnsemble

private func spec(_ text: String) throws -> EnsembleSpec {
    let (spec, problems) = SpecParser.parse(text, file: "orders.yaml", defaultName: "orders")
    return try #require(spec, "\(problems)")
}

private let five = """
    version: 1
    ensemble: orders
    config: {tickTime: 1000, 4lw.commands.whitelist: "srvr, mntr", snapCount: 5000}
    servers:
      - {id: 1, host: a.example.com, dataDir: /disk/zk}
      - {id: 2, host: b.example.com}
      - {id: 3, host: c.example.com, config: {jute.maxbuffer: 2097152}}
      - {id: 4, host: d.example.com, role: observer, ports: {client: 2190}}
    """

/// The variables of a unit, as systemd reads its lines.
private func environment(_ unit: String) -> [String: String] {
    var variables: [String: String] = [:]
    for line in unit.split(separator: "\n") where line.hasPrefix("Environment=\"") {
        let word = line.dropFirst("Environment=\"".count).dropLast()
        let parts = word.split(separator: "=", maxSplits: 1)
        variables[String(parts[0])] = String(parts[1]).replacing("%%", with: "%")
    }
    return variables
}

@Test func `a unit starts the server that the spec describes`() throws {
    let files = try SystemdUnits.render(try spec(five), RenderOptions())
    #expect(files.map(\.name) == (1...4).map { "aviary-orders-\($0).service" })
    let third = try plan(environment(files[2].text))
    #expect(third.identity == "3\n")
    #expect(third.value("tickTime") == "1000")
    #expect(third.value("initLimit") == "10")
    #expect(third.value("snapCount") == "5000")
    #expect(third.value("4lw.commands.whitelist") == "srvr, mntr")
    #expect(third.value("jute.maxbuffer") == "2097152")
    #expect(third.value("dataDir") == "/var/lib/aviary/orders-3/data")
    #expect(third.members.contains("server.4=d.example.com:2888:3888:observer;2190"))
    #expect(files[2].text.contains("DynamicUser=yes"))
    let first = try plan(environment(files[0].text))
    #expect(first.value("dataDir") == "/disk/zk")
    #expect(first.value("jute.maxbuffer") == nil)
    #expect(files[0].text.contains("ReadWritePaths=\"-/disk/zk\""))
}

@Test func `percent signs and quotes mean nothing to systemd`() throws {
    let odd = try spec("servers: 1\nconfig: {ssl.keyStore.password: 'a%b\"c'}\n")
    let unit = try SystemdUnits.render(odd, RenderOptions())[0].text
    #expect(unit.contains(#"Environment="ZOO_CFG_ssl_keyStore_password=a%%b\"c""#))
}

@Test func `compose gets names of its own where the spec has only this machine`() throws {
    let text = try ComposeFile.render(.local(name: "local", count: 3), RenderOptions()).text
    #expect(text.contains("server.2=zoo2:2888:3888:participant;2181"))
    #expect(text.contains("ports: [\"2183:2181\"]"))
    let named = try spec("servers: [{id: 1, host: zk-a}, {id: 2, host: zk-b}, {id: 3, host: zk-c}]")
    let other = try ComposeFile.render(named, RenderOptions()).text
    #expect(other.contains("  zk-b:\n    <<: *server\n    hostname: zk-b\n"))
    #expect(other.contains("ports: [\"2182:2181\"]"))
}

@Test func `a dollar sign means nothing to compose`() throws {
    let odd = try spec("servers: 1\nconfig: {ssl.keyStore.password: 'a$b'}\n")
    #expect(
        try ComposeFile.render(odd, RenderOptions()).text
            .contains(#"ZOO_CFG_ssl_keyStore_password: "a$$b""#))
}

@Test func `pods are numbered without gaps and alike`() throws {
    #expect(throws: EnsembleError.self) {
        try KubernetesManifests.render(
            try spec("servers: [{id: 1}, {id: 3}, {id: 4}]"), RenderOptions())
    }
    #expect(throws: EnsembleError.self) {
        try KubernetesManifests.render(try spec(five), RenderOptions())
    }
}

@Test(arguments: [("orders", "orders"), ("Big_One.2", "big-one-2"), ("3rd", "zk-3rd")])
func `an ensemble's name becomes one that a service may have`(name: String, service: String) {
    #expect(KubernetesManifests.name(name) == service)
}

@Test func `an ensemble that has grown keeps the list that it began with`() throws {
    var options = RenderOptions(authentication: "super:secret")
    options.firstCount = 3
    let text = try KubernetesManifests.render(.local(name: "orders", count: 5), options).text
    #expect(text.contains("replicas: 5"))
    #expect(text.contains("server.3=orders-2.orders-servers:2888:3888:participant;2181"))
    #expect(!text.contains("server.4="))
    #expect(text.contains("- {id: 5, host: orders-4.orders-servers"))
    #expect(text.contains("credential: \"super:secret\""))
    let digest = OperatorCredential(authentication: "super:secret").digest
    #expect(text.contains("digest: \"\(digest)\""))
}

// MARK: TLS and metrics

private let encrypted = """
    ensemble: orders
    config:
      ssl.keyStore.location: /etc/zookeeper/server.pem
      ssl.trustStore.location: "/etc/trust us/ca.pem"
      ssl.keyStore.passwordPath: /other/server.pem
      metricsProvider.className: org.example.Provider
    servers:
      - {id: 1, host: a.example.com, ports: {secureClient: 2381}}
      - {id: 2, host: b.example.com, ports: {secureClient: 2381}}
      - {id: 3, host: c.example.com, ports: {secureClient: 2381}}
    """

@Test func `compose publishes the port of TLS and mounts its files`() throws {
    let text = try ComposeFile.render(try spec(encrypted), RenderOptions()).text
    #expect(text.contains("ZOO_CFG_secureClientPort: \"2381\""))
    // Three hosts that become one machine: the same port can be published once alone.
    #expect(text.contains("ports: [\"2183:2181\", \"2283:2381\", \"7002:7000\"]"))
    #expect(text.contains("# localhost:2281,localhost:2282,localhost:2283."))
    for path in ["/etc/zookeeper/server.pem", "/etc/trust us/ca.pem", "/other/server.pem"] {
        let mount = "{type: bind, source: \"\(path)\", target: \"\(path)\", read_only: true}"
        #expect(text.split(separator: "\n").count { $0 == "      - " + mount } == 3)
    }
    let distinct =
        encrypted
        .replacing(
            "b.example.com, ports: {",
            with: "b.example.com, ports: {client: 2190, metrics: 7100, "
        )
        .replacing(
            "c.example.com, ports: {secureClient: 2381",
            with: "c.example.com, ports: {client: 2191, metrics: 7101, secureClient: 2391"
        )
        .replacing("metrics: 7100, secureClient: 2381", with: "metrics: 7100, secureClient: 2390")
    let other = try ComposeFile.render(try spec(distinct), RenderOptions()).text
    #expect(other.contains("ports: [\"2191:2181\", \"2391:2391\", \"7101:7101\"]"))
}

@Test func `Kubernetes offers the ports of TLS and metrics, and says how its files come in`() throws
{
    let text = try KubernetesManifests.render(try spec(encrypted), RenderOptions()).text
    #expect(text.contains("clients connect to orders:2181, with TLS to orders:2381.\n"))
    #expect(text.contains("            - {name: client-tls, containerPort: 2381}\n"))
    #expect(text.contains("            - {name: metrics, containerPort: 7000}\n"))
    #expect(text.split(separator: "\n").count { $0 == "    - {name: client-tls, port: 2381}" } == 2)
    #expect(text.split(separator: "\n").count { $0.contains("ZOO_CFG_secureClientPort") } == 1)
    let providers = text.split(separator: "\n").filter { $0.contains("metricsProvider_className") }
    #expect(providers.count == 1 && providers[0].contains("org.example.Provider"))
    #expect(
        text.contains(
            """
            #   kubectl create secret generic orders-tls \\
            #     --from-file=server.pem=/etc/zookeeper/server.pem \\
            #     --from-file=ca.pem='/etc/trust us/ca.pem' \\
            #     --from-file=2-server.pem=/other/server.pem

            """))
    #expect(
        text.contains(
            "- {name: tls, mountPath: \"/other/server.pem\", subPath: \"2-server.pem\", readOnly: true}\n"
        ))
    #expect(text.contains("        - {name: tls, secret: {secretName: orders-tls}}\n"))
}

@Test func `an ensemble without TLS and metrics is rendered without a word of them`() throws {
    let plain = EnsembleSpec.local(name: "orders", count: 3)
    let texts = [
        try KubernetesManifests.render(plain, RenderOptions()).text,
        try ComposeFile.render(plain, RenderOptions()).text,
    ]
    for text in texts { #expect(!text.contains("-tls") && !text.contains("metrics")) }
}

@Test func `pods whose servers have different ports get the usual ones`() throws {
    let ports = KubernetesManifests.ports(
        of: try spec(
            """
            config: {ssl.keyStore.location: /k.pem}
            servers: [{id: 1, ports: {metrics: 7100}}, {id: 2}, {id: 3}]
            """))
    #expect(ports.secureClient == 2281)
    #expect(ports.metrics == 7100)
    let taken = try spec("servers: [{id: 1, host: a, ports: {client: 1, secureClient: 2181}}]")
    #expect(KubernetesManifests.ports(of: taken).secureClient == 2281)
}

@Test func `a unit and a mounted spec open the port of TLS`() throws {
    let unit = try SystemdUnits.render(try spec(encrypted), RenderOptions())[1].text
    let rendered = try plan(environment(unit))
    #expect(unit.contains("# The server's user must be able to read /etc/zookeeper/server.pem, "))
    let mounted = try plan(
        ["AVIARY_SPEC": "/spec.yaml", "ZOO_MY_ID": "2"], files: ["/spec.yaml": encrypted])
    for plan in [rendered, mounted] {
        #expect(plan.value("secureClientPort") == "2381")
        #expect(plan.value("metricsProvider.className") == "org.example.Provider")
        #expect(plan.value("metricsProvider.httpPort") == "7000")
    }
}

@Test(arguments: ["server.pem", "./tls/server.pem"])
func `files of TLS are named by whole paths`(path: String) throws {
    let odd = try spec("servers: 1\nconfig: {ssl.keyStore.location: \"\(path)\"}\n")
    #expect(throws: EnsembleError.self) { try ComposeFile.render(odd, RenderOptions()) }
    #expect(throws: EnsembleError.self) { try KubernetesManifests.render(odd, RenderOptions()) }
}

// MARK: Joining

private let joining = [
    "ZOO_SERVERS": "server.1=zk-0.zk:2888:3888;2181 server.2=zk-1.zk:2888:3888;2181",
    "ZOO_CFG_reconfigEnabled": "true", "ZOO_STANDALONE_ENABLED": "false",
    "AVIARY_JOIN": "zk-2.zk:2888:3888;2181",
]

@Test func `a container that is in no list joins as an observer`() throws {
    let found = try plan(joining, host: "zk-2")
    #expect(found.identity == "3\n")
    #expect(found.members.contains("server.3=zk-2.zk:2888:3888:observer;2181"))
    #expect(found.members.count == 3)
}

@Test func `one that is in the list joins nothing`() throws {
    #expect(try plan(joining, host: "zk-1").members.count == 2)
}

@Test func `the list on the data volume says who is a member`() throws {
    let members = "server.1=zk-0.zk:2888:3888:participant;2181\n"
    var files = [
        "/data/zoo.cfg.dynamic.100000005": members, "/data/identity": "", "/datalog/identity": "",
        "/datalog/version-2": "",
    ]
    let former = try plan(joining, host: "zk-2", files: files)
    #expect(former.members.contains("server.3=zk-2.zk:2888:3888:observer;2181"))
    #expect(former.members.contains { $0.hasPrefix("server.1=") })
    #expect(former.members.count == 2)
    #expect(
        former.obsolete
            == ["/data/identity", "/data/zoo.cfg.dynamic.100000005", "/datalog/identity"])
    files["/data/zoo.cfg.dynamic.100000009"] =
        members + "server.3=zk-2.zk:2888:3888:participant;2181\n"
    let member = try plan(joining, host: "zk-2", files: files)
    #expect(member.value("dynamicConfigFile") == "/data/zoo.cfg.dynamic.100000009")
    #expect(member.obsolete.isEmpty)
}

@Test func `joining needs an id and reconfiguration`() {
    #expect(complaints(joining, host: "lost").contains("set ZOO_MY_ID"))
    var without = joining
    without["ZOO_CFG_reconfigEnabled"] = nil
    #expect(complaints(without, host: "zk-2").contains("reconfigEnabled=true"))
}
