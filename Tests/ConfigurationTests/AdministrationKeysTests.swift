import Testing

@testable import Configuration

struct AdministrationKeysTests {
    private func parse(_ lines: String...) -> (
        configuration: ServerConfiguration, problems: [ConfigurationProblem]
    ) {
        ServerConfiguration.parse(
            (["dataDir=/d", "clientPort=2181"] + lines).joined(separator: "\n"), file: "zoo.cfg")
    }

    @Test func `the defaults are Apache ZooKeeper's`() {
        let (configuration, problems) = parse()
        #expect(problems.isEmpty)
        #expect(configuration.admin.isEnabled && configuration.admin.port == 8080)
        #expect(configuration.admin.commandURL == "/commands")
        #expect(!configuration.metrics.isEnabled && configuration.metrics.port == 7000)
    }

    @Test func `keys are read with and without zookeeper in front`() {
        let (configuration, problems) = parse(
            "zookeeper.admin.serverPort=9090", "admin.commandURL=/admin/",
            "admin.enableServer=False", "admin.rateLimiterIntervalInMS=0",
            "metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider",
            "metricsProvider.httpPort=7001")
        #expect(problems.isEmpty)
        #expect(configuration.admin.port == 9090 && configuration.admin.commandURL == "/admin")
        #expect(!configuration.admin.isEnabled)
        #expect(configuration.admin.rateLimitMilliseconds == 0)
        #expect(configuration.metrics.isEnabled && configuration.metrics.port == 7001)
    }

    @Test(arguments: [
        "admin.serverPort=70000", "admin.commandURL=commands", "admin.idleTimeout=-1",
        "metricsProvider.httpPort=x",
    ])
    func `what cannot be is an error`(_ line: String) {
        #expect(parse(line).problems.contains { $0.severity == .error })
    }

    @Test func `what is neither true nor false is false, as Java reads it, and says so`() {
        let (configuration, problems) = parse("admin.enableServer=yes")
        #expect(!configuration.admin.isEnabled)
        #expect(problems.map(\.severity) == [.warning])
    }

    @Test func `classes that cannot be loaded are said to be so`() {
        #expect(parse("metricsProvider.className=com.example.Mine").problems.count == 1)
        #expect(
            parse("metricsProvider.className=org.apache.zookeeper.metrics.impl.NullMetricsProvider")
                .problems.isEmpty)
    }

    @Test func `keys without effect are named in a line for each reason, and unknown ones apart`() {
        let problems = parse(
            "serverCnxnFactory=x", "jvm.pause.monitor=true", "tcpKeepAlive=true",
            "pathStats.enabled=true", "snapCuont=5", "audit.enable=false"
        ).problems.map(\.message)
        #expect(
            problems == [
                "unknown key snapCuont; did you mean snapCount?",
                "accepted, but these keys are always on here and have no effect: tcpKeepAlive",
                "accepted, but these keys have no counterpart here and no effect: "
                    + "serverCnxnFactory, jvm.pause.monitor, pathStats.enabled",
            ])
    }

    @Test func `no key has two fates`() {
        #expect(KnownKeys.read.isDisjoint(with: KnownKeys.withoutCounterpart))
        #expect(KnownKeys.alwaysOn.isDisjoint(with: KnownKeys.withoutCounterpart))
        #expect(KnownKeys.alwaysOn.isDisjoint(with: KnownKeys.read))
    }
}
