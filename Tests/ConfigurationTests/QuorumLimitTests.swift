import Configuration
import Testing

// Keys that bound how servers find and follow each other.

@Test func `what is said of the quorum is read, and what is left out stays open`() {
    let text = """
        dataDir=/data
        clientPort=2181
        connectToLearnerMasterLimit=7
        leader.maxTimeToWaitForEpoch=900
        fastleader.minNotificationInterval=50
        fastleader.maxNotificationInterval=5000
        quorumCnxnTimeoutMs=-1
        leader.maxConcurrentSnapSyncs=2
        forceSnapshotSync=true
        observerMasterPort=2191
        syncEnabled=false
        """
    let (configuration, problems) = ServerConfiguration.parse(text, file: "zoo.cfg")
    #expect(problems.isEmpty)
    let limits = configuration.quorumLimits
    #expect(limits.leaderTicks == 7)
    #expect(limits.epochPatience == 900)
    #expect(limits.resendDelayMin == 50)
    #expect(limits.resendDelayMax == 5000)
    #expect(limits.greetingTimeout == nil)
    #expect(limits.snapshotSynchronizationsMax == 2)
    #expect(limits.differenceSynchronizationsMax == nil)
    #expect(limits.sendsSnapshotsOnly)
    #expect(configuration.observerMasterPort == 2191)
    #expect(!configuration.observersKeepLog)
}
