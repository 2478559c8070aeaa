// How many bytes a transaction will take, before it is encoded: what no follower would take must not
// be proposed, and what is proposed cannot be taken back.

import Jute

extension TransactionBody {
    /// The bytes of the body.
    public var size: Int {
        switch self {
        case .create(let create): create.size
        case .delete(let path, _): 4 + path.bytes.count
        case .setData(let path, let data, _), .reconfig(let path, let data, _):
            12 + path.bytes.count + (data?.count ?? 0)
        case .setACL(let path, let acl, _): 8 + path.bytes.count + ACL.size(of: acl)
        case .check(let path, _): 8 + path.bytes.count
        case .multi(let bodies): bodies.reduce(4) { $0 + 8 + $1.size }
        case .createSession, .error: 4
        case .closeSession(nil): 0
        case .closeSession(let ephemerals?): ephemerals.reduce(4) { $0 + 4 + $1.bytes.count }
        }
    }
}

extension CreateTransaction {
    fileprivate var size: Int {
        let tail =
            switch type {
            case .createContainer: 4
            case .createTTL: 12
            default: 5
            }
        return 8 + path.bytes.count + (data?.count ?? 0) + ACL.size(of: acl) + tail
    }
}

extension ACL {
    fileprivate static func size(of list: [ACL]) -> Int {
        list.reduce(4) { $0 + 12 + $1.identity.scheme.bytes.count + $1.identity.id.bytes.count }
    }
}
