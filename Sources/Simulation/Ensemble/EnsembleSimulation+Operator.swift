internal import Configuration
import Jute
import Quorum
public import Records
import ServerCore

// An operator who changes the ensemble step by step while everything goes wrong: he looks, takes one
// step, and looks again, over a session of his own. Who decides is given from outside.

/// A server as an operator sees it.
public struct SimulatedServerView: Sendable {
    /// What its files make of it.
    public enum Files: Sendable {
        case joiner, member, former
    }

    /// The id.
    public let id: ServerID
    /// Whether its process runs.
    public let isRunning: Bool
    /// leader, follower, observer; nil if it serves nobody.
    public let mode: String?
    /// The last transaction it has applied.
    public let lastZxid: Zxid
    /// What its files make of it.
    public let files: Files
}

/// What an operator sees before a step.
public struct SimulatedEnsembleView: Sendable {
    /// The configuration in force, as a session has read it after a sync.
    public let committed: Membership
    /// All that have files.
    public let servers: [SimulatedServerView]
    /// How many followers the leader counts as in step.
    public let syncedLearners: Int
}

/// What an operator can do.
public enum SimulatedStep: Sendable {
    case start(ServerID)
    case startJoiner(ServerID)
    case stop(ServerID)
    case restart(ServerID)
    /// What is left of a server is put aside.
    case retire(ServerID)
    case reconfigure(joining: Member?, leaving: ServerID?)
    case handOver(to: ServerID)
    /// An ordinary write; `acknowledged` is called with the answer.
    case write
    case wait
}

/// Decides what is done to a simulated ensemble.
public protocol SimulatedOperator: AnyObject {
    /// The next step; nil once everything is as he wants it.
    func decide(_ view: SimulatedEnsembleView) -> SimulatedStep?
    /// The write was acknowledged.
    func acknowledged()
    /// What he has to complain of when the run is over.
    var complaint: String? { get }
}

extension EnsembleSimulation {
    /// A server as configurations of the simulation have it.
    public static func memberForOperators(_ number: Int, _ role: MemberRole) -> Member {
        member(number, role)
    }

    private static let configuration = Path("/zookeeper/config")

    /// A server that some operator may start later.
    private func host(of id: ServerID) -> Int? {
        servers.firstIndex { $0.id == id }
    }

    /// The operator's session asks for the configuration; with the answer he takes a step.
    func operate(_ number: Int) {
        guard clients[number].pending.isEmpty, !isOperatorDone else { return }
        send(number, .sync)
        send(number, .get(EnsembleSimulation.configuration))
    }

    /// The configuration has come.
    func consult(_ number: Int, _ data: [UInt8]?) {
        guard let admin, let data else { return }
        if consulted?.text != data {
            guard let read = try? Membership(text: data) else { return }
            consulted = (data, read)
        }
        guard let committed = consulted?.membership else { return }
        guard let step = admin.decide(view(committed)) else {
            isOperatorDone = true
            return
        }
        trace { "the operator: \(step)" }
        carryOut(step, committed, number)
    }

    private func view(_ committed: Membership) -> SimulatedEnsembleView {
        var learners = 0
        let known = servers.filter { $0.replica != nil || $0.isKnown }
        let all = known.map { server in
            let shown = server.replica?.shown
            var mode: String?
            switch shown?.role {
            case .leading:
                mode = "leader"
                let status = shown?.status
                learners =
                    (status?.syncedFollowers ?? 0) + (status?.syncedNonVotingFollowers ?? 0)
            case .following: mode = "follower"
            case .observing: mode = "observer"
            default: break
            }
            let isMember = committed.member(server.id) != nil
            return SimulatedServerView(
                id: server.id, isRunning: server.replica != nil, mode: mode,
                lastZxid: shown?.lastZxid ?? .none,
                files: isMember ? .member : server.hasJoined ? .former : .joiner)
        }
        return SimulatedEnsembleView(
            committed: committed, servers: all, syncedLearners: learners)
    }

    private func carryOut(_ step: SimulatedStep, _ committed: Membership, _ number: Int) {
        switch step {
        case .wait: return
        case .start(let id): if let host = host(of: id) { start(host) }
        case .startJoiner(let id):
            guard let host = host(of: id) else { return }
            servers[host].isKnown = true
            servers[host].files.prepareJoining(committed)
            start(host)
        case .stop(let id): if let host = host(of: id) { end(host) }
        case .restart(let id):
            guard let host = host(of: id) else { return }
            end(host)
            start(host)
        case .retire(let id):
            guard let host = host(of: id) else { return }
            end(host)
            servers[host].isKnown = false
            servers[host].isRetired = true
        case .reconfigure(let joining, let leaving):
            let line = joining.map { "server.\($0.id)=\($0)" }
            send(
                number,
                .reconfigure(
                    joining: line, leaving: leaving.map { "\($0)" }, version: committed.version))
        case .handOver(let id): send(number, .handOver(to: Int(id.rawValue)))
        case .write:
            clients[number].operationCount += 1
            send(number, .create(Path("/c\(number)-\(clients[number].operationCount)")))
        }
        count("step \(step.name)")
    }

    /// A server is stopped: what it has written to its disk is there.
    private func end(_ host: Int) {
        guard servers[host].replica != nil else { return }
        trace { "\(servers[host].id) is stopped" }
        servers[host].stop()
        servers[host].fileSystem.crash(seed: random.next())
        network.crash(host: host, silently: false, now: now)
    }
}

extension SimulatedStep {
    fileprivate var name: String {
        switch self {
        case .start: "start"
        case .startJoiner: "start-joiner"
        case .stop: "stop"
        case .restart: "restart"
        case .retire: "retire"
        case .reconfigure: "reconfigure"
        case .handOver: "hand-over"
        case .write: "write"
        case .wait: "wait"
        }
    }
}
