// What zoo.cfg says about how much clients may ask for.

import Configuration
import Testing

private func parse(_ lines: String...) -> (LimitConfiguration, [String]) {
    let text = "dataDir=/d\n" + lines.joined(separator: "\n")
    let (configuration, problems) = ServerConfiguration.parse(text, file: "zoo.cfg")
    return (configuration.limits, problems.map(\.message))
}

@Test func `limits are read by either of their names`() {
    let (limits, problems) = parse(
        "connection_throttle_tokens=7", "connectionTokenFillTime=8", "requestThrottleLimit=9",
        "zookeeper.throttled_op_wait_time=10", "largeRequestThreshold=-1",
        "nio.sessionlessCnxnTimeout=11", "connection_throttle_weight_enabled=true")
    #expect(problems == [])
    #expect(limits.handshakeTokensMax == 7 && limits.handshakeFillTime == 8)
    #expect(limits.requestsMax == 9 && limits.throttledAfter == 10)
    #expect(limits.largeRequestSize == -1 && limits.sessionlessTimeout == 11)
    #expect(limits.weighsHandshakes)
}

@Test(arguments: [
    ("", 2_097_150), ("jute.maxbuffer=4096", 8192),
    ("jute.maxbuffer=4096\njute.maxbuffer.extrasize=2000", 6096),
    ("zookeeper.jute.maxbuffer.extrasize=1", 1_049_599),
])
func `packets between servers may be larger than requests`(_ lines: String, size: Int) {
    let (configuration, problems) = ServerConfiguration.parse(
        "dataDir=/d\n\(lines)", file: "zoo.cfg")
    #expect(problems.isEmpty)
    #expect(configuration.packetSizeMax == size)
}

@Test(arguments: [("gz", "gz"), ("snappy", "snappy"), ("", nil), ("zip", nil)])
func `the method that compresses snapshots is one of two`(_ value: String, method: String?) {
    let (configuration, problems) = ServerConfiguration.parse(
        "dataDir=/d\nsnapshot.compression.method=\(value)", file: "zoo.cfg")
    #expect(configuration.snapshotCompression == method)
    #expect(problems.map(\.severity) == (value == "zip" ? [.warning] : []))
}

@Test(arguments: [
    "connection_throttle_tokens=-1", "nio.sessionlessCnxnTimeout=0", "largeRequestMaxBytes=many",
    "request_throttle_max_requests=99999999999",
])
func `a limit that is none is refused`(_ line: String) {
    #expect(parse(line).1.count == 1)
}
