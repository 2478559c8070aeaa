// The sample that people copy must be one that a server starts from, without a second look.

import Configuration
import Foundation
import Records
import Testing

private let sample = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "conf/zoo_sample.cfg")

@Test func `the sample of a zoo dot cfg is read as it says`() throws {
    let text = try String(contentsOf: sample, encoding: .utf8)
    let (configuration, problems) = ServerConfiguration.parse(text, file: "zoo_sample.cfg")
    #expect(problems == [])
    #expect(configuration.isStandalone)
    #expect(configuration.tickTime == 2000)
    #expect(configuration.initLimit == 10 && configuration.syncLimit == 5)
    #expect(configuration.dataDirectory == "/tmp/zookeeper")
    #expect(configuration.logDirectory == "/tmp/zookeeper")
    #expect(configuration.clientPort == 2181)
    #expect(configuration.purgeRetainCount == 3 && configuration.purgeIntervalHours == 24)
    #expect(configuration.checkMembers(file: "zoo_sample.cfg") == [])
}

@Test func `its commented lines are right as well`() throws {
    let text = try String(contentsOf: sample, encoding: .utf8)
        .replacing("#server.", with: "server.").replacing("#maxClientCnxns", with: "maxClientCnxns")
    let (configuration, problems) = ServerConfiguration.parse(text, file: "zoo_sample.cfg")
    #expect(problems == [])
    #expect(configuration.membership.voters.count == 3)
    #expect(configuration.connectionsPerAddressMax == 60)
    #expect(!configuration.isStandalone)
}
