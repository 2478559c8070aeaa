import Configuration
import Jute
import Records
import Storage
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
        .server("restart-pending") { $0.pending = [SettingChange("tickTime", "2000", "500")] },
        .server("clock-differs") { $0.clock = ClockFact(ahead: -9, doubt: 0.1) },
        .server("data-unknown") {
            DoctorTests.stop(&$0)
            $0.data.isIdentityDamaged = true
        },
        .server("data-swapped") { DoctorTests.own(&$0, server: 3) },
        .server("data-removed") { DoctorTests.own(&$0, removed: 0x1_0000_0000) },
        .server("data-copied") { DoctorTests.own(&$0, isCopy: true) },
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

    /// A server that does not run.
    static func stop(_ server: inout ServerFacts) {
        server.isRunning = false
        server.mode = nil
    }

    /// A server that does not run, with data that say whose they are.
    static func own(
        _ server: inout ServerFacts, ensemble: String = "local.1", server id: Int64 = 2,
        removed: Int64? = nil, isCopy: Bool = false
    ) {
        stop(&server)
        let identity = DataIdentity(
            ensemble: ensemble, server: ServerID(id), directory: "/elsewhere", removed: removed)
        server.data.identity = IdentityCheck.Place(
            path: server.data.path, identity: identity, hasHistory: true, originalExists: isCopy)
        server.logs = server.data
    }

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
        facts.servers[0].pending = [SettingChange("roll", nil, "1")]
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

    @Test("whose data a directory holds is said as the server would judge it")
    func ownersAreFound() {
        func found(_ spoil: (inout DoctorFacts) -> Void) -> Finding? {
            var facts = DoctorTests.healthy
            facts.identity = "local.1"
            spoil(&facts)
            return Doctor.examine(facts).first { $0.code.hasPrefix("data-") }
        }
        #expect(found { DoctorTests.own(&$0.servers[1]) } == nil)
        let foreign = found { DoctorTests.own(&$0.servers[1], ensemble: "other.2") }
        #expect(foreign?.code == "data-foreign")
        #expect(
            foreign?.remedy.hasPrefix(
                "mv /var/local/2/data /var/local/2/data.other && aviary start 2 -e local") ?? false)
        // Two that have each other's are told how to change back.
        let swapped = found {
            DoctorTests.own(&$0.servers[0], server: 2)
            DoctorTests.own(&$0.servers[1], server: 1)
        }
        #expect(
            swapped?.remedy == "mv /var/local/1/data /var/local/1/data.2 && mv /var/local/2/data "
                + "/var/local/1/data && mv /var/local/1/data.2 /var/local/2/data")
        // A configuration after the one that removed it has it again.
        let later = found {
            DoctorTests.own(&$0.servers[1], removed: 5)
            $0.servers[1].members?.version = 6
        }
        #expect(later == nil)
    }

    @Test("a clock differs only beyond doubt, and it may be this machine's")
    func clocksAreCompared() {
        func found(_ clocks: [(ahead: Double, doubt: Double)]) -> [String] {
            var facts = DoctorTests.healthy
            for (place, clock) in clocks.enumerated() {
                facts.servers[place].host = "zk\(place + 1)"
                facts.servers[place].clock = ClockFact(ahead: clock.ahead, doubt: clock.doubt)
            }
            return Doctor.examine(facts).filter { $0.code == "clock-differs" }.map(\.text)
        }
        #expect(found([(0.4, 0), (-0.3, 0.1), (0, 1)]) == [])
        #expect(found([(1.4, 0.5), (0, 0), (0, 0)]) == [])
        let one = found([(0, 0), (-12.34, 0.1), (0, 0)])
        #expect(one.count == 1 && one[0].hasPrefix("the clock of zk2 is 12.3 s behind"))
        let here = found([(60, 0.1), (60.4, 0.1), (60.2, 0.1)])
        #expect(here.count == 1 && here[0].hasPrefix("the clock of this machine is 60.0 s behind"))
    }

    @Test("when a session was opened is found in the answer of any server")
    func sessionTimeIsRead() {
        let answer = """
             /127.0.0.1:1[0](queued=0,recved=1,sent=0)
             /127.0.0.1:2[1](queued=0,recved=2,sent=2,sid=0x10000000001,lop=PING,est=1700000000500,to=6000)
             /127.0.0.1:3[1](queued=0,recved=2,sent=2,sid=0x1,lop=PING,est=1800000000000,to=6000)
            """
        #expect(ServerClock.opened(SessionID(0x1), in: answer) == 1_800_000_000)
        #expect(ServerClock.opened(SessionID(0x100_0000_0001), in: answer) == 1_700_000_000.5)
        #expect(ServerClock.opened(SessionID(2), in: answer) == nil)
    }

    @Test("what a host tells of a directory arrives whole")
    func directoryFactsTravel() {
        var facts = DirectoryFacts("/data")
        facts.freeBytes = 5
        facts.syncMilliseconds = 1.5
        facts.isWritable = false
        facts.identity = IdentityCheck.Place(
            path: "/data",
            identity: DataIdentity(ensemble: "a.1", server: ServerID(3), directory: "/data"),
            hasHistory: true)
        #expect(DirectoryFacts("/data", words: facts.words) == facts)
        #expect(DirectoryFacts("/data", words: ["nonsense"]) == DirectoryFacts("/data"))
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
        #expect(remedies.contains { $0.hasPrefix("aviary apply theirs.yaml") })
        #expect(!remedies.contains { $0.contains(" -e ") || $0.contains("logs") })
    }
}

@Test(arguments: [
    "runtime: docker", "runtime: docker\ndocker: {image: 'aviary:2'}", "runtime: ssh",
])
func `names that are not for this machine to know are no finding before the start`(
    runtime: String
) async throws {
    let text = """
        ensemble: orders-not-here
        \(runtime)
        servers:
          - {id: 1, host: zk1.nosuch.invalid}
          - {id: 2, host: zk2.nosuch.invalid}
          - {id: 3, host: zk3.nosuch.invalid}
        """
    let (parsed, problems) = SpecParser.parse(text, file: "orders.yaml", defaultName: "orders")
    var spec = try #require(parsed, "\(problems)")
    let home = EnsembleHome("/nonexistent/aviary-doctor-tests")
    func codes() async throws -> [String] {
        let visit = SpecVisit(spec, file: "orders.yaml", home: home)
        return Doctor.examine(try await visit.facts()).filter { $0.severity == .error }.map(\.code)
    }
    #expect(try await codes() == [])
    // As processes of this machine the same servers could not be found.
    spec.runtime = "process"
    #expect(try await codes().contains("name-unknown"))
    #expect(ContainerSite.shared.addresses(of: "orders-1") == [])
    #expect(LocalSite.shared.addresses(of: "orders-1.nosuch.invalid") == nil)
}
