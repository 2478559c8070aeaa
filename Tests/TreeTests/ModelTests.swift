import Jute
import Records
import Testing

@testable import Tree

@Suite struct ModelTests {
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `random transactions leave the tree as the model`(seed: UInt64) {
        var leader = RandomLeader(seed: seed, listsEphemerals: false)
        let tree = DataTree(seed: seed)
        for round in 1...200 {
            let transaction = leader.next()
            let before = tree.dump()
            let applied = tree.apply(transaction)
            checkEvents(applied.events, from: before, to: tree)
            guard round % 20 == 0 else { continue }
            check(tree, leader.model, "seed \(seed), round \(round)")
        }
    }

    private func check(_ tree: DataTree, _ model: TreeModel, _ comment: Comment) {
        #expect(differences(tree.dump(), model.znodes) == [], comment)
        #expect(tree.digest == tree.recomputedDigest(), comment)
        #expect(tree.nodeCount == model.znodes.count + 1, comment)
        let size = model.znodes.reduce(0) { $0 + $1.key.bytes.count + ($1.value.data?.count ?? 0) }
        #expect(tree.approximateDataSize == size, comment)
        #expect(tree.descendantCount(of: .root) == model.znodes.count - 1, comment)
        let sessions = (1...4).map { SessionID($0) }
        #expect(
            sessions.map(tree.ephemerals(of:)) == sessions.map(model.ephemerals(of:)), comment)
        let lists = Set(model.znodes.values.map(\.acl))
        // Built-in znodes are open without an entry.
        #expect(tree.aclCount == lists.count || tree.aclCount == lists.count - 1, comment)
        for (path, znode) in model.znodes {
            let inside = model.znodes.keys.count { $0 != path && $0.isWithin(path) }
            guard let index = tree.find(path) else { continue }
            #expect(tree.descendantCount(of: index) == inside, comment)
            #expect(tree.childCount(of: index) == znode.children.count, comment)
            #expect(tree.slab[index].parent.asOptional.map(tree.path(of:)) == path.parent, comment)
        }
    }

    /// Whatever came, went or changed was told, and nothing else.
    private func checkEvents(
        _ events: [TreeEvent], from before: [Path: ZnodeDump], to tree: DataTree
    ) {
        let after = tree.dump()
        for path in Set(before.keys).symmetricDifference(after.keys) {
            #expect(events.contains { $0.path == path && $0.kind.rawValue <= 2 })
        }
        for (path, znode) in after {
            guard let old = before[path] else { continue }
            if old.stat.mzxid != znode.stat.mzxid {
                #expect(events.contains { $0.path == path && $0.kind != .childrenChanged })
            }
            if old.children != znode.children {
                #expect(events.contains { $0.path == path && $0.kind == .childrenChanged })
            }
        }
        if before == after { #expect(events.isEmpty || events.count >= 4) }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `replaying a log over its own result changes nothing`(seed: UInt64) throws {
        var leader = RandomLeader(seed: seed)
        let tree = DataTree(seed: seed)
        for _ in 0..<100 { tree.apply(leader.next()) }
        var log: [Transaction] = []
        for _ in 0..<300 {
            log.append(leader.next())
            tree.apply(log[log.count - 1])
        }
        // As another server's fuzzy snapshot may be: all of it later than its name says.
        let replayed = try DataTree(loading: tree.snapshotBytes())
        for transaction in log { replayed.apply(transaction, gatheringEvents: false) }
        #expect(differences(replayed.dump(), leader.model.znodes) == [])
        #expect(replayed.digest == tree.digest)
        #expect(replayed.ephemeralCount == tree.ephemeralCount)
        #expect(replayed.approximateDataSize == tree.approximateDataSize)
    }
}
