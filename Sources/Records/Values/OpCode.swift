/// The type of a request, and of a transaction.
public struct OpCode: RawRepresentable, Hashable, Sendable {
    /// 32 bits on the wire.
    public var rawValue: Int32

    /// Makes one of these values.
    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    @usableFromInline
    init(_ rawValue: Int32) { self.rawValue = rawValue }

    /// Requests and transactions of the type notification.
    public static let notification = OpCode(0)
    /// Requests and transactions of the type create.
    public static let create = OpCode(1)
    /// Requests and transactions of the type delete.
    public static let delete = OpCode(2)
    /// Requests and transactions of the type exists.
    public static let exists = OpCode(3)
    /// Requests and transactions of the type get data.
    public static let getData = OpCode(4)
    /// Requests and transactions of the type set data.
    public static let setData = OpCode(5)
    /// Requests and transactions of the type get aCL.
    public static let getACL = OpCode(6)
    /// Requests and transactions of the type set aCL.
    public static let setACL = OpCode(7)
    /// Requests and transactions of the type get children.
    public static let getChildren = OpCode(8)
    /// Requests and transactions of the type sync.
    public static let sync = OpCode(9)
    /// Requests and transactions of the type ping.
    public static let ping = OpCode(11)
    /// Requests and transactions of the type get children2.
    public static let getChildren2 = OpCode(12)
    /// Requests and transactions of the type check.
    public static let check = OpCode(13)
    /// Requests and transactions of the type multi.
    public static let multi = OpCode(14)
    /// Requests and transactions of the type create2.
    public static let create2 = OpCode(15)
    /// Requests and transactions of the type reconfig.
    public static let reconfig = OpCode(16)
    /// Requests and transactions of the type check watches.
    public static let checkWatches = OpCode(17)
    /// Requests and transactions of the type remove watches.
    public static let removeWatches = OpCode(18)
    /// Requests and transactions of the type create container.
    public static let createContainer = OpCode(19)
    /// Requests and transactions of the type delete container.
    public static let deleteContainer = OpCode(20)
    /// Requests and transactions of the type create tTL.
    public static let createTTL = OpCode(21)
    /// Requests and transactions of the type multi read.
    public static let multiRead = OpCode(22)
    /// Requests and transactions of the type auth.
    public static let auth = OpCode(100)
    /// Requests and transactions of the type set watches.
    public static let setWatches = OpCode(101)
    /// Requests and transactions of the type sasl.
    public static let sasl = OpCode(102)
    /// Requests and transactions of the type get ephemerals.
    public static let getEphemerals = OpCode(103)
    /// Requests and transactions of the type get all children number.
    public static let getAllChildrenNumber = OpCode(104)
    /// Requests and transactions of the type set watches2.
    public static let setWatches2 = OpCode(105)
    /// Requests and transactions of the type add watch.
    public static let addWatch = OpCode(106)
    /// Requests and transactions of the type who am i.
    public static let whoAmI = OpCode(107)
    /// Requests and transactions of the type create session.
    public static let createSession = OpCode(-10)
    /// Requests and transactions of the type close session.
    public static let closeSession = OpCode(-11)
    /// Requests and transactions of the type error.
    public static let error = OpCode(-1)
}
