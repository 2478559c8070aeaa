import Testing

@testable import Configuration

struct TLSKeysTests {
    private func parse(_ lines: String...) -> (
        configuration: ServerConfiguration, problems: [ConfigurationProblem]
    ) {
        ServerConfiguration.parse(
            (["dataDir=/d", "clientPort=2181"] + lines).joined(separator: "\n"), file: "zoo.cfg")
    }

    @Test func `clients and servers have keys of their own`() {
        let (configuration, problems) = parse(
            "secureClientPort=2281", "ssl.keyStore.location=/k", "ssl.keyStore.password=p",
            "ssl.trustStore.location=/t", "ssl.clientAuth=WANT", "ssl.quorum.clientAuth=none",
            "ssl.quorum.keyStore.location=/q", "sslQuorum=true", "client.portUnification=true",
            "ssl.enabledProtocols=TLSv1.2, TLSv1.3", "ssl.protocol=TLSv1.2")
        #expect(problems.isEmpty)
        #expect(configuration.secureClientPort == 2281)
        #expect(configuration.tls.keyStore.location == "/k")
        #expect(configuration.tls.keyStore.password == "p")
        #expect(configuration.tls.peerCertificate == .want)
        #expect(configuration.tls.protocols == ["TLSv1.2", "TLSv1.3"])
        #expect(configuration.quorumTLS.peerCertificate == TLSSettings.PeerCertificate.none)
        #expect(configuration.quorumTLS.keyStore.location == "/q")
        #expect(configuration.usesQuorumTLS && configuration.isClientPortUnified)
    }

    @Test(arguments: [
        "secureClientPort=x", "ssl.clientAuth=maybe", "ssl.crl=true", "ssl.quorum.ocsp=true",
    ])
    func `what cannot be honoured is an error`(_ line: String) {
        #expect(parse(line).problems.contains { $0.severity == .error })
    }

    @Test func `what is switched off needs no support`() {
        #expect(parse("ssl.crl=false", "ssl.ocsp=false").problems.isEmpty)
    }
}
