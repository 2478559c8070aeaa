/// How much clients may ask for at once before a server makes them wait, or turns them away.
///
/// Times are milliseconds.
public struct LimitConfiguration: Equatable, Sendable {
    /// Handshakes that may come at once, when none came for a while; 0 is any number.
    public var handshakeTokensMax: Int64 = 0
    /// After how long `handshakeTokensAdded` more may come.
    public var handshakeFillTime: Int64 = 1
    /// How many more may come then.
    public var handshakeTokensAdded: Int64 = 1
    /// Whether handshakes count for what they cost, by the three numbers below.
    public var weighsHandshakes = false
    /// What a session costs that the whole ensemble knows.
    public var globalSessionWeight: Int64 = 3
    /// What a session costs that is taken over.
    public var renewedSessionWeight: Int64 = 2
    /// What a session costs that this server alone knows.
    public var localSessionWeight: Int64 = 1
    /// Requests in process beyond which none is taken from any client; 0 is any number.
    public var requestsMax: Int64 = 0
    /// Requests that waited longer than this to be taken are refused; 0 is never.
    public var throttledAfter: Int64 = 0
    /// Requests of more bytes than this are large; below 0 none is.
    public var largeRequestSize: Int64 = -1
    /// Bytes of large requests in process beyond which the next ends its connection.
    public var largeRequestsMax: Int64 = 100 << 20
    /// How long a connection may be silent that has no session.
    public var sessionlessTimeout: Int64 = 10_000

    /// Makes one in which hardly anything is limited.
    public init() {}
}

extension ServerConfigurationParser {
    /// The numbers by key, under the names that Apache ZooKeeper reads and those of its handbook.
    private static let limits: [String: any WritableKeyPath<LimitConfiguration, Int64> & Sendable] =
        [
            "connection_throttle_tokens": \.handshakeTokensMax,
            "connectionMaxTokens": \.handshakeTokensMax,
            "connection_throttle_fill_time": \.handshakeFillTime,
            "connectionTokenFillTime": \.handshakeFillTime,
            "connection_throttle_fill_count": \.handshakeTokensAdded,
            "connectionTokenFillCount": \.handshakeTokensAdded,
            "connection_throttle_global_session_weight": \.globalSessionWeight,
            "connection_throttle_renew_session_weight": \.renewedSessionWeight,
            "connection_throttle_local_session_weight": \.localSessionWeight,
            "request_throttle_max_requests": \.requestsMax,
            "requestThrottleLimit": \.requestsMax,
            "throttled_op_wait_time": \.throttledAfter,
            "throttledOpWaitTime": \.throttledAfter,
            "largeRequestThreshold": \.largeRequestSize,
            "largeRequestMaxBytes": \.largeRequestsMax,
            "nio.sessionlessCnxnTimeout": \.sessionlessTimeout,
        ]

    mutating func readLimit(_ key: String, _ entry: PropertiesFile.Entry) -> Bool {
        let value = entry.value.trimmed
        if key == "connection_throttle_weight_enabled" {
            configuration.limits.weighsHandshakes = value.lowercased() == "true"
            return true
        }
        guard let field = ServerConfigurationParser.limits[key] else { return false }
        let least: Int64 = key == "largeRequestThreshold" ? -1 : key.hasSuffix("imeout") ? 1 : 0
        guard let number = Int64(value), (least...Int64(Int32.max)).contains(number) else {
            error("\(key)=\(value): a number from \(least) to \(Int32.max) is needed", entry)
            return true
        }
        configuration.limits[keyPath: field] = number
        return true
    }
}
