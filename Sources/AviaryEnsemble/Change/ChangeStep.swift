public import Records

/// One step of a change: it is carried out whole, and then all is looked at anew.
public enum ChangeStep: Equatable, Sendable {
    /// No leader is seen, or the configuration cannot be read: it comes, or nothing can be done.
    case awaitQuorum
    /// A member that does not run is started.
    case start(ServerID)
    /// A server that is to join is started, as an observer in a configuration of its own.
    case startJoiner(ServerID)
    /// A server catches up with the leader.
    case awaitSync(ServerID)
    /// A server that is in step becomes a member.
    case add(Member)
    /// A member gets another role or other addresses.
    case change(Member)
    /// A member leaves; its process goes on.
    case remove(ServerID)
    /// All members are replaced at once: the only way where there are groups or weights.
    case replaceAll(Membership)
    /// An ordinary write is acknowledged, so that the configuration is active.
    case confirm
    /// The process of a server that is no member ends.
    case stop(ServerID)
    /// What is left of a server that is no member is put aside.
    case retire(ServerID)
    /// The leader is to restart, and lets another one lead before: nobody is elected.
    case handOver(from: ServerID, to: ServerID)
    /// A member is stopped and started, with the settings and the binary that are wanted.
    case restart(ServerID)
}

extension ChangeStep {
    /// The server it is about.
    public var server: ServerID? {
        switch self {
        case .awaitQuorum, .replaceAll, .confirm: nil
        case .start(let id), .startJoiner(let id), .awaitSync(let id), .remove(let id),
            .stop(let id), .retire(let id), .restart(let id):
            id
        case .add(let member), .change(let member): member.id
        case .handOver(_, let successor): successor
        }
    }

    /// The kind of step, as programs read it.
    public var name: String {
        switch self {
        case .awaitQuorum: "await-quorum"
        case .start: "start"
        case .startJoiner: "start-joiner"
        case .awaitSync: "await-sync"
        case .add: "add"
        case .change: "change"
        case .remove: "remove"
        case .replaceAll: "replace-all"
        case .confirm: "confirm"
        case .stop: "stop"
        case .retire: "retire"
        case .handOver: "hand-over"
        case .restart: "restart"
        }
    }

    /// Whether it changes the committed configuration.
    public var isReconfiguration: Bool {
        switch self {
        case .add, .change, .remove, .replaceAll: true
        // A hand-over gives the same members another version.
        case .awaitQuorum, .start, .startJoiner, .awaitSync, .confirm, .stop, .retire, .restart,
            .handOver:
            false
        }
    }

    /// The step as people read it.
    public var text: String {
        switch self {
        case .awaitQuorum: return "wait for a leader"
        case .start(let id): return "start server \(id)"
        case .startJoiner(let id): return "start server \(id), to join"
        case .awaitSync(let id): return "wait until server \(id) is in step with the leader"
        case .add(let member): return "add server \(member.id): \(member.description)"
        case .change(let member): return "change server \(member.id) to \(member.description)"
        case .remove(let id): return "remove server \(id) from the ensemble"
        case .replaceAll(let members):
            let ids = members.members.map { String($0.id.rawValue) }.joined(separator: ", ")
            return "replace all members at once, by \(ids)"
        case .confirm: return "write, so that the new configuration is active"
        case .stop(let id): return "stop server \(id), which is no member any more"
        case .retire(let id): return "put the files of server \(id) aside"
        case .handOver(let id, let successor):
            return "let server \(successor) lead, before server \(id) restarts"
        case .restart(let id): return "restart server \(id)"
        }
    }

    /// The same with why it is taken; a change of a member then shows what is different.
    public func text(because reasons: [SettingChange]) -> String {
        guard !reasons.isEmpty else { return text }
        switch self {
        case .restart(let id): return "restart server \(id): \(reasons.text)"
        case .change(let member): return "change server \(member.id): \(reasons.text)"
        case .remove(let id): return "remove server \(id), to join again: \(reasons.text)"
        default: return "\(text): \(reasons.text)"
        }
    }

    /// As it is announced: short, since its margin stands in the same line.
    public func announcement(because reasons: [SettingChange]) -> String {
        switch self {
        case .startJoiner(let id): "start server \(id) to join"
        case .awaitSync(let id): "wait until server \(id) is in step"
        case .add(let member): "add server \(member.id) as \(member.role)"
        case .remove(let id) where reasons.isEmpty: "remove server \(id)"
        case .confirm: "write once, so that this is active"
        case .stop(let id): "stop server \(id)"
        case .handOver(_, let successor): "let server \(successor) lead"
        default: text(because: reasons)
        }
    }
}
