// What the environment says by the names of Apache ZooKeeper's scripts.

import Configuration
import Testing

private func parse(
    _ variables: [String: String], _ lines: String = ""
) -> (ServerConfiguration, [String]) {
    let (configuration, problems) = ServerConfiguration.parse(
        "dataDir=/d\n" + lines, file: "zoo.cfg",
        environment: ServerEnvironment { variables[$0] })
    return (configuration, problems.map(\.description))
}

@Test func `no directory is made where the environment forbids it, whatever the file says`() {
    #expect(parse([:]).0.createsDirectories)
    #expect(parse(["ZOO_DATADIR_AUTOCREATE_DISABLE": ""]).0.createsDirectories)
    let (configuration, problems) = parse(
        ["ZOO_DATADIR_AUTOCREATE_DISABLE": "1"], "datadir.autocreate=true")
    #expect(!configuration.createsDirectories && problems == [])
}

@Test func `what is for a Java machine gets one line, without its values`() {
    let problems = parse([
        "JVMFLAGS": "-Xmx1g -XX:+UseG1GC -Djavax.net.ssl.keyStorePassword=secret -javaagent:/x.jar",
        "SERVER_JVMFLAGS": "-verbose:gc", "ZK_SERVER_HEAP": "500", "JMXPORT": "9", "HOME": "/",
    ]).1
    #expect(
        problems == [
            "environment: warning: accepted without effect, as there is no Java machine and no "
                + "script around it: -verbose:gc, -Xmx1g, -XX:+UseG1GC, "
                + "-Djavax.net.ssl.keyStorePassword, -javaagent:/x.jar, JMXPORT, ZK_SERVER_HEAP"
        ])
}

@Test func `what is wrong with an option of the process is not looked for in the file`() {
    let problems = parse([
        "JVMFLAGS": "-Dzookeeper.foo=1 -Djute.maxbuffer=many -Dzookeeper.nio.numWorkerThreads=3 "
            + "-Dzookeeper.server.1=a:1:2"
    ]).1
    #expect(
        problems.map { $0.split(separator: ":")[0] } == [
            "-Dzookeeper.foo", "-Djute.maxbuffer", "-Dzookeeper.server.1",
            "-Dzookeeper.nio.numWorkerThreads",
        ])
    #expect(problems[0] == "-Dzookeeper.foo: warning: unknown key foo")
    #expect(problems[3].hasSuffix("-Dzookeeper.nio.numWorkerThreads"))
}

@Test func `of an option that both variables have, that of JVMFLAGS counts`() {
    let configuration = parse([
        "JVMFLAGS": "-Djute.maxbuffer=2000", "SERVER_JVMFLAGS": "-Djute.maxbuffer=1000",
    ]).0
    #expect(configuration.requestSizeMax == 2000)
}
