public import Jute

/// What an entry of an ACL allows.
public struct Permissions: OptionSet, Hashable, Sendable {
    /// 32 bits on the wire; bits beyond the known five are kept as they came.
    public var rawValue: Int32

    /// Makes one of these values.
    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The permission read.
    public static let read = Permissions(rawValue: 1)
    /// The permission write.
    public static let write = Permissions(rawValue: 2)
    /// The permission create.
    public static let create = Permissions(rawValue: 4)
    /// The permission delete.
    public static let delete = Permissions(rawValue: 8)
    /// The permission admin.
    public static let admin = Permissions(rawValue: 16)
    /// The permission all.
    public static let all = Permissions(rawValue: 31)
}

/// Who somebody is, by the rules of a scheme: `digest` `user:hash`, `ip` `10.0.0.1`, `world` `anyone`.
public struct Identity: Hashable, Sendable {
    /// The scheme that judges the id.
    public var scheme: ByteString
    /// The id within the scheme.
    public var id: ByteString

    /// Makes one of these values.
    public init(scheme: ByteString, id: ByteString) {
        self.scheme = scheme
        self.id = id
    }

    /// Everybody.
    public static let anyone = Identity(scheme: "world", id: "anyone")
}

/// One entry of an access control list: entries are alternatives, and nothing is denied.
public struct ACL: Hashable, Sendable {
    /// What is allowed.
    public var permissions: Permissions
    /// To whom.
    public var identity: Identity

    /// Makes one of these values.
    public init(permissions: Permissions, identity: Identity) {
        self.permissions = permissions
        self.identity = identity
    }

    /// Everything to everybody.
    public static let open = [ACL(permissions: .all, identity: .anyone)]
    /// Reading to everybody.
    public static let readOnly = [ACL(permissions: .read, identity: .anyone)]
}

extension Identity {
    /// Reads an `Id`; a null scheme or id is nil, which no ACL accepts.
    public static func read(from reader: inout JuteReader) throws(JuteError) -> Identity? {
        let scheme = try reader.readString()
        let id = try reader.readString()
        guard let scheme, let id else { return nil }
        return Identity(scheme: scheme, id: id)
    }

    /// Writes an `Id`.
    public func write(to writer: inout JuteWriter) {
        writer.writeString(scheme)
        writer.writeString(id)
    }
}

extension ACL {
    /// Reads a `vector<ACL>`: nil is null.
    ///
    /// A null scheme or id in an entry is read as an empty one.
    public static func readList(from reader: inout JuteReader) throws(JuteError) -> [ACL]? {
        guard let count = try reader.readCount(elementSizeMin: 12) else { return nil }
        var list: [ACL] = []
        list.reserveCapacity(count)
        for _ in 0..<count {
            let permissions = Permissions(rawValue: try reader.readInt32())
            // Clients send null for an empty id, with `auth` above all; a null scheme becomes an
            // empty one, which no provider answers to.
            let scheme = try reader.readString() ?? ""
            let id = try reader.readString() ?? ""
            list.append(
                ACL(permissions: permissions, identity: Identity(scheme: scheme, id: id)))
        }
        return list
    }

    /// Writes a `vector<ACL>`: nil is null.
    public static func writeList(_ list: [ACL]?, to writer: inout JuteWriter) {
        guard let list else { return writer.writeInt32(-1) }
        writer.writeInt32(Int32(list.count))
        for entry in list {
            writer.writeInt32(entry.permissions.rawValue)
            entry.identity.write(to: &writer)
        }
    }
}
