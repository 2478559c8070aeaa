import Jute
import Records
import Tree

// What the audit log says of a request: one line for each change, of `key=value` and tabs, with
// Apache ZooKeeper's keys in its order.

/// One line of the audit log, without who asked and how it ended.
struct AuditEntry: Equatable {
    let operation: String
    var path: Path?
    var type: String?
    var acl: String?

    /// What is to be said of a request; nothing of one that changes nothing.
    static func list(of request: WriteRequest) -> [AuditEntry] {
        switch request {
        case .create(let create):
            return [AuditEntry(operation: "create", path: create.path, type: type(of: create))]
        case .delete(let path, _): return [AuditEntry(operation: "delete", path: path)]
        case .setData(let path, _, _): return [AuditEntry(operation: "setData", path: path)]
        case .setACL(let path, let acl, _):
            return [AuditEntry(operation: "setAcl", path: path, acl: text(of: acl ?? []))]
        case .reconfig: return [AuditEntry(operation: "reconfig")]
        case .multi(let requests): return requests.flatMap(list)
        case .check, .createSession, .closeSession, .deleteContainer, .unreadable: return []
        }
    }

    /// The kind of znode that a create asks for, in the words of Java's client.
    private static func type(of create: CreateOperation) -> String {
        switch create.flags {
        case 0: "persistent"
        case 1: "ephemeral"
        case 2: "persistent_sequential"
        case 3: "ephemeral_sequential"
        case 4: "container"
        case 5: "persistent_with_ttl"
        case 6: "persistent_sequential_with_ttl"
        default: "\(create.flags)"
        }
    }

    private static func text(of acl: [ACL]) -> String {
        acl.map { entry in
            let letters: [(Permissions, String)] = [
                (.create, "c"), (.delete, "d"), (.read, "r"), (.write, "w"), (.admin, "a"),
            ]
            let held = letters.filter { entry.permissions.contains($0.0) }.map(\.1).joined()
            return "\(entry.identity.scheme):\(entry.identity.id):\(held)"
        }.joined()
    }

    /// The end of the line.
    var text: String {
        var text = "operation=\(operation)"
        if let path { text += "\tznode=\(AuditEntry.onOneLine(path.description))" }
        if let type { text += "\tznode_type=\(type)" }
        if let acl { text += "\tacl=\(AuditEntry.onOneLine(acl))" }
        return text
    }

    /// A path may hold what would look like another entry.
    static func onOneLine(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 ? "?" : $0 }))
    }
}

extension Replica {
    /// Says how a client's write has ended.
    func audit(
        _ entries: [AuditEntry], _ code: ErrorCode, _ applied: Applied, _ connection: Connection
    ) {
        let users = connection.credentials.filter { $0.scheme != "ip" }.map(user)
        let address = AddressCredential.text(of: connection.address)
        let who =
            "session=\(connection.session)\tuser="
            + AuditEntry.onOneLine((users + [address]).joined(separator: ",")) + "\tip=\(address)"
        if case .multi(let results) = applied.result, results.contains(where: \.isError) {
            let failed = AuditEntry(operation: "multiOperation")
            return log([failed], who, hasSucceeded: false)
        }
        guard code == .ok else { return log(entries, who, hasSucceeded: false) }
        log(named(entries, applied), who, hasSucceeded: true)
    }

    /// With the names that sequential znodes were given.
    private func named(_ entries: [AuditEntry], _ applied: Applied) -> [AuditEntry] {
        var results = [applied.result]
        if case .multi(let all) = applied.result { results = all }
        var created = results.compactMap { result -> Path? in
            if case .created(let path, _) = result { path } else { nil }
        }[...]
        return entries.map { entry in
            guard entry.operation == "create", let path = created.popFirst() else { return entry }
            var named = entry
            named.path = path
            return named
        }
    }

    private func log(_ entries: [AuditEntry], _ who: String, hasSucceeded: Bool) {
        for entry in entries {
            log(
                hasSucceeded ? .info : .error,
                "audit: \(who)\t\(entry.text)\tresult=\(hasSucceeded ? "success" : "failure")")
        }
    }

    /// A session's end takes its ephemerals along; the server does that.
    func auditEnd(of session: SessionID, _ ephemerals: [Path]) {
        guard settings.isAudited else { return }
        let operation = "ephemeralZNodeDeletionOnSessionCloseOrExpire"
        log(
            ephemerals.map { AuditEntry(operation: operation, path: $0) },
            "session=\(session)\tuser=\(settings.description.user)", hasSucceeded: true)
    }

    /// The name that a credential's scheme gives its holder: of a digest only the user.
    private func user(_ identity: Identity) -> String {
        guard identity.scheme == "digest" else { return identity.id.description }
        return String(identity.id.description.prefix { $0 != ":" })
    }
}

extension TransactionResult {
    fileprivate var isError: Bool { if case .error = self { true } else { false } }
}
