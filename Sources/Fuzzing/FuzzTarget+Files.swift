import AviaryEnsemble
import Configuration
import Records
import Simulation
import Storage
import YAML

// What is read from disks, and what people write by hand.

extension FuzzTarget {
    /// A log: as the file that it is, or as the one entry of a file whose checksums are right.
    static let log = FuzzTarget(
        name: "log", seeds: [[0] + DiskImage.log, [1] + LeaderPackets.transaction(Zxid(1))]
    ) { input in
        let isFile = input.first.map { $0 % 2 == 0 } ?? true
        return DiskImage.start { fileSystem in
            // Without any snapshot no log is looked at.
            try DiskImage.writeSnapshot(Databases.body, at: .zero, fileSystem)
            if isFile {
                fileSystem.install(Array(input.dropFirst()), at: "/log/version-2/log.1")
            } else {
                try DiskImage.write(
                    [LogEntry(zxid: Zxid(1), bytes: Array(input.dropFirst()))], fileSystem)
            }
        }
    }

    /// A snapshot, in the same two ways.
    static let snapshot = FuzzTarget(
        name: "snapshot", seeds: [[0] + DiskImage.snapshot, [1] + Databases.body]
    ) { input in
        let isFile = input.first.map { $0 % 2 == 0 } ?? true
        return DiskImage.start { fileSystem in
            if isFile {
                fileSystem.install(
                    Array(input.dropFirst()), at: "/data/version-2/snapshot.5")
            } else {
                try DiskImage.writeSnapshot(Array(input.dropFirst()), fileSystem)
            }
        }
    }

    /// zoo.cfg, the dynamic file and `myid`.
    static let zooCfg = FuzzTarget(name: "zoo-cfg", seeds: TextSamples.zooCfg) { input in
        let text = String(decoding: input, as: UTF8.self)
        let (configuration, problems) = ServerConfiguration.parse(
            text, file: "zoo.cfg",
            environment: ServerEnvironment(javaFlags: String(text.prefix(100))))
        var hash = outcome(problems.map(\.message))
        hash = hash &* 31 &+ configuration.checkMembers(file: "zoo.cfg").count
        do throws(ConfigurationProblem) {
            hash = hash &* 31 &+ (try DynamicFile.parse(text, file: "dynamic.1")).members.count
        } catch {
            hash = hash &* 31 &+ outcome([error.message])
        }
        return hash &* 2 &+ ((try? MyID.parse(text, file: "myid")) == nil ? 0 : 1)
    }

    /// The spec of an ensemble.
    static let yaml = FuzzTarget(name: "yaml", seeds: TextSamples.yaml) { input in
        let text = String(decoding: input, as: UTF8.self)
        do throws(YAMLError) {
            _ = try YAMLParser.parse(text)
        } catch {
            return outcome([error.message])
        }
        return outcome(
            SpecParser.parse(text, file: "spec", defaultName: "a").problems.map(\.message)) | 1
            << 40
    }

    /// The JAAS file of those who can log in.
    static let logins = FuzzTarget(name: "login-file", seeds: TextSamples.logins) { input in
        do throws(ConfigurationProblem) {
            let file = try LoginFile(String(decoding: input, as: UTF8.self), file: "jaas")
            return try file.users(of: "Server", file: "jaas")?.count ?? -1
        } catch {
            return outcome([error.message])
        }
    }

    /// Which kinds of messages there are, without what they quote.
    private static func outcome(_ messages: [String]) -> Int {
        messages.reduce(messages.count) { hash, message in
            message.utf8.prefix(24).reduce(hash) { $0 &* 31 &+ Int($1) }
        }
    }
}

/// Disks that somebody else has written to.
enum DiskImage {
    private static let directories = DataDirectories(data: "/data", dataLog: "/log")

    static func write(_ entries: [LogEntry], _ fileSystem: SimulatedFileSystem) throws {
        var log = TransactionLog(in: directories.logs, of: fileSystem, options: .init())
        for entry in entries { log.append(entry) }
        try log.commit()
    }

    static func writeSnapshot(
        _ body: [UInt8], at zxid: Zxid = Zxid(5), _ fileSystem: SimulatedFileSystem
    ) throws {
        var writer = try SnapshotFileWriter(zxid, in: directories.snapshots, of: fileSystem)
        try writer.append(body)
        _ = try writer.finish(SnapshotTrailer(digest: nil, lastZxid: zxid))
    }

    /// A disk on which a server has lived: without one it would not vote.
    static func lived() throws -> SimulatedFileSystem {
        let fileSystem = SimulatedFileSystem()
        try directories.prepare(in: fileSystem)
        try writeSnapshot(Databases.body, fileSystem)
        return fileSystem
    }

    /// A server starts from what `prepare` leaves; the number says what became of it.
    static func start(_ prepare: (SimulatedFileSystem) throws -> Void) -> Int {
        let fileSystem = SimulatedFileSystem()
        do {
            try directories.prepare(in: fileSystem)
            try prepare(fileSystem)
            let server = try HostedReplica(.standalone, fileSystem)
            // How many znodes there are stands at the end of this.
            server.clientSends(Array("srvr".utf8), cuts: [])
            let text = server.fatal.map { Array($0.utf8) } ?? Array(server.output.suffix(20))
            return text.filter { server.fatal == nil || $0 > 0x3f }
                .reduce(1) { $0 &* 31 &+ Int($1) }
        } catch {
            return -1
        }
    }

    static let log: [UInt8] = {
        let fileSystem = SimulatedFileSystem()
        try? directories.prepare(in: fileSystem)
        let entries = (1...3 as ClosedRange<Int64>).map {
            LogEntry(zxid: Zxid($0), bytes: LeaderPackets.transaction(Zxid($0)))
        }
        try? write(entries, fileSystem)
        return Array((fileSystem.content(of: "/log/version-2/log.1") ?? []).prefix(1000))
    }()

    static let snapshot: [UInt8] = {
        let fileSystem = SimulatedFileSystem()
        try? directories.prepare(in: fileSystem)
        try? writeSnapshot(Databases.body, fileSystem)
        return fileSystem.content(of: "/data/version-2/snapshot.5") ?? []
    }()
}

private enum TextSamples {
    static let zooCfg = [
        """
        # a server
        tickTime=2000
        dataDir = /var/lib/zookeeper
        clientPort: 2181
        server.1=[::1]:2888:3888:participant|host:1:2;2181
        server.2=host:2888:3888:observer;0.0.0.0:2182
        group.1=1:2
        weight.1=3
        authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider
        enforce.auth.enabled=true
        enforce.auth.schemes=sasl,digest
        long=a\\
            b\\u00e9
        """, "12\n", "version=100000000\nserver.1=a:1:2:participant;3\n",
    ].map { Array($0.utf8) }

    static let yaml = [
        """
        name: test
        servers: 3
        ports: {base: 2181, step: 10}
        settings: &s
          tickTime: 2000
        other:
          <<: *s
          list: [1, "two", 'three', ~]
          text: |
            a
            b
        """, "a: &a [*a]", "- ? b\n  : c\n- !!str d\n--- ", "servers:\n- id: 1\n  role: observer\n",
    ].map { Array($0.utf8) }

    static let logins = [
        "// x\nServer { org.apache.zookeeper.server.auth.DigestLoginModule required\n"
            + " user_a=\"b\\\"c\" /* y */ d='e'; };\n# z\nClient { m optional; };"
    ].map { Array($0.utf8) }
}
