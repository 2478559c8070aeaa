// Applying committed transactions: the rules of every write, after all decisions were taken by the
// leader. It cannot fail. What cannot be done has no effect, since the log is also replayed over a
// snapshot that already holds some of its effects, and every server must come out the same.

import Jute
internal import Mutants
public import Records

extension DataTree {
    /// Applies a committed transaction, and tells what it came to.
    ///
    /// Events are gathered unless nobody wants them (a replay).
    @discardableResult
    public func apply(_ transaction: Transaction, gatheringEvents: Bool = true) -> Applied {
        var application = Application(
            zxid: transaction.header.zxid, time: transaction.header.time,
            session: transaction.header.session, gathersEvents: gatheringEvents)
        let result: TransactionResult
        switch transaction.body {
        case .multi(let operations): result = applyMulti(operations, &application)
        case let body: result = apply(body, &application)
        }
        lastProcessed = max(lastProcessed, transaction.header.zxid)
        return Applied(result, events: application.events)
    }

    /// What all operations of a transaction share.
    struct Application {
        let zxid: Zxid
        let time: Int64
        let session: SessionID
        let gathersEvents: Bool
        var events: [TreeEvent] = []
    }

    private func apply(
        _ body: TransactionBody, _ application: inout Application
    ) -> TransactionResult {
        switch body {
        case .create(let create): return applyCreate(create, &application)
        case .delete(let path, _): return applyDelete(path, &application)
        case .setData(let path, let data, let version):
            return applySetData(path, data, version: version, &application)
        case .reconfig(let path, let data, _):
            return applySetData(path, data, version: -1, &application)
        case .setACL(let path, let acl, let version):
            return applySetACL(path, acl, version: version)
        case .check: return .checked
        case .createSession(let timeout): return .sessionCreated(timeout: timeout)
        case .closeSession(let listed):
            applyCloseSession(listed, &application)
            return .sessionClosed
        case .error(let code): return .error(code)
        case .multi: return .error(.marshallingError)  // A multi in a multi cannot be decoded.
        }
    }

    private func applyMulti(
        _ operations: [TransactionBody], _ application: inout Application
    ) -> TransactionResult {
        let failure = operations.firstIndex { if case .error = $0 { true } else { false } }
        guard let failure else {
            return .multi(operations.map { apply($0, &application) })
        }
        return .multi(
            operations.enumerated().map { place, operation in
                if case .error(let code) = operation { return .error(code) }
                return .error(place < failure ? .ok : .runtimeInconsistency)
            })
    }

    private func applyCreate(
        _ create: CreateTransaction, _ application: inout Application
    ) -> TransactionResult {
        let path = create.path.bytes.rawSpan
        if isRoot(path) { return .error(.nodeExists) }
        guard let parent = findParent(of: path) else { return .error(.noNode) }
        if let existing = find(path) {
            // Replayed over a snapshot that has the znode: its ACL may be one the snapshot's
            // table did not have yet, and its parent may have been written before.
            replaceACL(of: existing, with: acls.intern(create.acl))
            raiseCVersion(of: parent, to: create.parentCVersion, zxid: application.zxid)
            return .error(.nodeExists)
        }
        let stat = StatPersisted(
            czxid: application.zxid, mzxid: application.zxid, ctime: application.time,
            mtime: application.time, ephemeralOwner: storedOwner(create, application.session),
            pzxid: application.zxid)
        let added = addZnode(
            path, parent: parent, data: create.data?.rawSpan, aclSlot: acls.intern(create.acl),
            stat: stat)
        guard let added else { return .error(.marshallingError) }
        let cversion =
            create.parentCVersion == -1
            ? slab[parent].stat.cversion &+ 1 : create.parentCVersion
        raiseCVersion(of: parent, to: cversion, zxid: application.zxid)
        if application.gathersEvents {
            application.events.append(TreeEvent(.created, create.path, acl: acl(of: added)))
            application.events.append(
                TreeEvent(.childrenChanged, self.path(of: parent), acl: acl(of: parent)))
        }
        // The reply shows what the client wrote, even if that was a usage, which is counted now.
        let reply = TransactionResult.created(create.path, self.stat(of: added))
        countCreation(of: create.path, bytes: create.data?.count ?? 0)
        return reply
    }

    /// A time to live out of range makes a persistent znode: applying must not fail.
    private func storedOwner(_ create: CreateTransaction, _ session: SessionID) -> Int64 {
        switch create.type {
        case .createContainer: return OwnerKind.containerMark
        case .createTTL:
            let isValid =
                create.timeToLive >= 1
                && create.timeToLive <= OwnerKind.timeToLiveMillisecondsMax
            return isValid ? OwnerKind.timeToLive(milliseconds: create.timeToLive).stored : 0
        default: return create.isEphemeral ? session.rawValue : 0
        }
    }

    /// Only upwards: in a replay the parent may be ahead of the transaction.
    private func raiseCVersion(of parent: ZnodeIndex, to cversion: Int32, zxid: Zxid) {
        var stat = slab[parent].stat
        guard cversion > stat.cversion else { return }
        stat.cversion = cversion
        stat.pzxid = zxid
        replaceStat(of: parent, with: stat)
    }

    private func applyDelete(
        _ path: Path, _ application: inout Application
    ) -> TransactionResult {
        let bytes = path.bytes.rawSpan
        if isRoot(bytes) { return .error(.badArguments) }
        guard let parent = findParent(of: bytes) else { return .error(.noNode) }
        // Even if the znode is gone: the snapshot may have been written after the deletion of the
        // znode but before that of its mark on the parent.
        var stat = slab[parent].stat
        if application.zxid > stat.pzxid {
            stat.pzxid = application.zxid
            replaceStat(of: parent, with: stat)
        }
        guard let index = find(bytes) else { return .error(.noNode) }
        let acl = self.acl(of: index)
        let dataCount = dataLength(of: index)
        let hadChildren = slab[index].childCount > 0
        removeSubtree(index)
        countDeletion(of: path, bytes: dataCount, hadChildren: hadChildren)
        if application.gathersEvents {
            application.events.append(TreeEvent(.deleted, path, acl: acl))
            application.events.append(
                TreeEvent(.childrenChanged, self.path(of: parent), acl: self.acl(of: parent)))
        }
        return .deleted
    }

    private func applySetData(
        _ path: Path, _ data: [UInt8]?, version: Int32, _ application: inout Application
    ) -> TransactionResult {
        guard let index = find(path) else { return .error(.noNode) }
        var stat = slab[index].stat
        stat.mzxid = application.zxid
        stat.mtime = application.time
        stat.version = version
        let difference = (data?.count ?? 0) - dataLength(of: index)
        replaceData(of: index, with: data?.rawSpan, stat: stat)
        countChange(of: path, bytes: difference)
        if application.gathersEvents {
            application.events.append(
                TreeEvent(.dataChanged, self.path(of: index), acl: acl(of: index)))
        }
        return .changed(self.stat(of: index))
    }

    private func applySetACL(_ path: Path, _ acl: [ACL], version: Int32) -> TransactionResult {
        guard let index = find(path) else { return .error(.noNode) }
        replaceACL(of: index, with: acls.intern(acl))
        var stat = slab[index].stat
        stat.aversion = version
        replaceStat(of: index, with: stat)
        return .changed(self.stat(of: index))
    }

    /// First what the leader listed, then what the session still owns, as old logs list nothing.
    private func applyCloseSession(_ listed: [Path]?, _ application: inout Application) {
        if Mutant.ephemeralsStay.isOn { return }
        for path in listed ?? [] { _ = applyDelete(path, &application) }
        for path in ephemerals(of: application.session) { _ = applyDelete(path, &application) }
    }
}
