import Configuration
import Jute
import Records
import Testing

@testable import AviaryEnsemble

@Suite("Doctor")
struct DoctorTests {
    /// Something that goes wrong, and the word that the doctor has for it.
    struct Fault: CustomTestStringConvertible, Sendable {
        var code: String
        var spoil: @Sendable (inout DoctorFacts) -> Void

        init(_ code: String, _ spoil: @escaping @Sendable (inout DoctorFacts) -> Void) {
            self.code = code
            self.spoil = spoil
        }

        /// Something about server 2, a follower.
        static func server(
            _ code: String, _ spoil: @escaping @Sendable (inout ServerFacts) -> Void
        ) -> Fault {
            Fault(code) { spoil(&$0.servers[1]) }
        }

        var testDescription: String { code }
    }

    static let healthy: DoctorFacts = {
        let committed = members([1, 2, 3], version: 0x1_0000_0000)
        let servers = (1...3).map { id in
            var server = ServerFacts(id: id, directory: "/var/local/\(id)")
            server.mode = id == 3 ? "leader" : "follower"
            server.lag = 0
            server.configurationVersion = "100000000"
            server.members = committed
            server.membersFile = "/var/local/\(id)/zoo.cfg.dynamic.100000000"
            server.settings.reconfigEnabled = true
            server.settings.access.superDigest = "super:x"
            server.settings.fourLetterWords = "srvr, mntr, conf"
            server.acceptedEpoch = 1
            server.currentEpoch = 1
            server.data.freeBytes = 10 << 30
            server.data.syncMilliseconds = 0.5
            server.logs = server.data
            return server
        }
        var facts = DoctorFacts(ensemble: "local", wanted: members([1, 2, 3]), servers: servers)
        facts.committed = committed
        facts.credentialFile = "/var/local/operator"
        return facts
    }()

    static let faults: [Fault] = [
        .server("zoo-cfg-missing") { $0.hasConfiguration = false },
        .server("zoo-cfg-wrong") {
            $0.problems = ServerConfiguration.parse("tickTime=often", file: "zoo.cfg").problems
        },
        .server("zoo-cfg-doubtful") {
            $0.problems =
                ServerConfiguration.parse("dataDir=/d\nclientPort=1\ntickTme=9", file: "zoo.cfg")
                .problems
        },
        .server("zoo-cfg-edited") { $0.editedKeys = ["tickTime"] },
        .server("myid-missing") { $0.myID = .missing },
        .server("myid-unreadable") { $0.myID = .unreadable("two") },
        .server("myid-differs") { $0.myID = .id(3) },
        .server("members-unreadable") { $0.members = nil },
        .server("members-outdated") { $0.members?.version = 1 },
        .server("removed") {
            $0.members = members([1, 3])
            $0.isRunning = false
            $0.mode = nil
        },
        .server("settings-differ") { $0.settings.syncLimit = 7 },
        .server("data-shared") {
            $0.data.path = "/var/local/1/data"
            $0.logs.path = "/var/local/1/data"
        },
        .server("directory-missing") { $0.data.exists = false },
        .server("directory-read-only") { $0.data.isWritable = false },
        .server("disk-full") { $0.data.freeBytes = 100 << 20 },
        .server("disk-slow") {
            $0.logs.syncMilliseconds = 80; $0.logs.path = "/mnt/slow"
        },
        .server("snapshot-missing") { $0.hasSnapshot = false },
        .server("epochs-wrong") { $0.acceptedEpoch = 0 },
        .server("data-foreign") {
            $0.acceptedEpoch = 9
            $0.currentEpoch = 9
            $0.mode = nil
        },
        .server("name-unknown") { $0.addresses = nil },
        .server("name-is-loopback") {
            $0.host = "zk2"
            $0.addresses = ["127.0.1.1"]
        },
        .server("port-taken") {
            $0.isRunning = false
            $0.mode = nil
            $0.takenPorts = [ServerFacts.TakenPort(name: "client", port: 2182)]
        },
        .server("server-down") {
            $0.isRunning = false
            $0.mode = nil
        },
        .server("server-paused") {
            $0.isPaused = true
            $0.mode = nil
        },
        .server("server-silent") { $0.mode = nil },
        .server("server-behind") { $0.lag = 100_000 },
        .server("restart-pending") { $0.isCurrent = false },
        .server("configuration-behind") { $0.configurationVersion = "0" },
        Fault("not-a-member") { $0.committed?.members.removeLast() },
        Fault("not-in-spec") { $0.wanted.members.removeLast() },
        Fault("role-differs") { $0.wanted.members[1].role = .observer },
        Fault("address-differs") { $0.wanted.members[1].quorum.port = 9999 },
        Fault("no-quorum") { facts in
            for place in [0, 1] { facts.servers[place].mode = nil }
        },
        Fault("no-margin") { $0.servers[1].mode = nil },
        Fault("even-participants") { facts in
            facts.committed?.members.append(member(4))
            facts.wanted.members.append(member(4))
        },
        Fault("reconfig-forbidden") { facts in
            for place in facts.servers.indices {
                facts.servers[place].settings.access.superDigest = nil
            }
        },
        .server("acl-skipped") { $0.settings.access.skipsACLs = true },
        Fault("credential-missing") { $0.credentialFile = nil },
        Fault("credential-public") { $0.isCredentialPublic = true },
        .server("words-hidden") { $0.settings.fourLetterWords = "ruok" },
        Fault("files-limited") { $0.openFilesMax = 1024 },
        Fault("change-interrupted") { $0.isChangeInterrupted = true },
    ]

    @Test("nothing is wrong with a healthy ensemble")
    func healthyIsSilent() {
        #expect(Doctor.examine(DoctorTests.healthy) == [])
    }

    @Test("every fault is found, with a command that mends it", arguments: faults)
    func faultIsFound(_ fault: Fault) {
        var facts = DoctorTests.healthy
        fault.spoil(&facts)
        let findings = Doctor.examine(facts)
        let finding = findings.first { $0.code == fault.code }
        #expect(finding != nil, "found: \(findings.map(\.code))")
        #expect(finding?.remedy.isEmpty == false)
        #expect(finding?.text.contains("\n") == false)
    }

    @Test("each word stands for one fault, and there are more than twenty-five")
    func wordsAreUnique() {
        let codes = DoctorTests.faults.map(\.code)
        #expect(Set(codes).count == codes.count)
        #expect(codes.count > 25)
    }

    @Test("errors come first")
    func errorsComeFirst() {
        var facts = DoctorTests.healthy
        facts.openFilesMax = 1024
        facts.servers[0].isCurrent = false
        facts.servers[2].myID = .missing
        #expect(
            Doctor.examine(facts).map(\.code) == [
                "myid-missing", "restart-pending", "files-limited",
            ])
    }

    @Test("a server that was stopped on purpose is left alone by --fix")
    func stoppedOnPurposeIsLeftAlone() {
        var facts = DoctorTests.healthy
        facts.servers[1].isRunning = false
        facts.servers[1].mode = nil
        #expect(Doctor.examine(facts).first?.repair == .start(server: 2))
        facts.servers[1].isStoppedOnPurpose = true
        #expect(Doctor.examine(facts).compactMap(\.repair) == [])
    }

    @Test("before anything is started, only what would keep it from starting is named")
    func plannedIsNotMissed() {
        var facts = DoctorTests.healthy
        facts.committed = nil
        facts.credentialFile = nil
        facts.isPlanned = true
        facts.specFile = "three.yaml"
        for place in facts.servers.indices {
            facts.servers[place].isRunning = false
            facts.servers[place].mode = nil
            facts.servers[place].myID = .missing
            facts.servers[place].members = nil
        }
        #expect(Doctor.examine(facts) == [])
        facts.servers[0].takenPorts = [ServerFacts.TakenPort(name: "client", port: 2181)]
        #expect(Doctor.examine(facts).map(\.code) == ["port-taken"])
    }

    @Test("verbs that need the launcher's record are not offered for servers of others")
    func externalRemediesCanBeTyped() {
        var facts = DoctorTests.healthy
        facts.isExternal = true
        facts.specFile = "theirs.yaml"
        facts.servers[1].mode = nil
        facts.wanted.members.removeLast()
        let remedies = Doctor.examine(facts).map(\.remedy)
        #expect(remedies.contains { $0.hasPrefix("aviary plan theirs.yaml") })
        #expect(!remedies.contains { $0.contains(" -e ") || $0.contains("logs") })
    }
}
