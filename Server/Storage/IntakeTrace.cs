using System.Diagnostics;

namespace BeerTap.Server.Storage;

/// <summary>Traces of commits, under the source <c>BeerTap.Intake</c>. A commit that nobody follows costs one look whether anybody listens.</summary>
internal static class IntakeTrace
{
    public const string Name = "BeerTap.Intake";

    /// <summary>A commit of a thousand posts names so many of them; more would make one span as large as a page.</summary>
    private const int MostLinks = 32;

    private static readonly ActivitySource Source = new(Name);

    /// <summary>The request that hands commands over, when it is traced.</summary>
    public static Activity? Post() => Source.HasListeners() && Activity.Current is { Recorded: true } post ? post : null;

    /// <summary>Begins a commit for its posts: it belongs to the trace of the first that is traced, and has links to the others.</summary>
    public static Activity? Begin<T>(IReadOnlyList<T> submissions, Func<T, Activity?> post)
    {
        if (!Source.HasListeners()) return null;
        Activity? first = null;
        List<ActivityLink>? links = null;
        foreach (var submission in submissions)
        {
            if (post(submission) is not { } one) continue;
            if (first is null) first = one;
            else if ((links ??= []).Count < MostLinks) links.Add(new ActivityLink(one.Context));
        }

        if (first is null) return null;
        return Source.StartActivity("beertap commit", ActivityKind.Internal, first.Context, links: links)?.SetTag("beertap.commit.posts", submissions.Count);
    }

    /// <summary>The commit is on the disk; what happens next is another span.</summary>
    public static void Committed(Activity? commit, LogBatch batch)
    {
        if (commit is null) return;
        commit.SetTag("beertap.commit.events", batch.Events.Count).SetTag("beertap.position", batch.Head);
        End(commit);
    }

    public static void Failed(Activity? commit, Exception fault)
    {
        if (commit is null) return;
        commit.SetStatus(ActivityStatusCode.Error, fault.Message);
        End(commit);
    }

    // The committer's thread goes on with other work.
    private static void End(Activity commit)
    {
        commit.Stop();
        Activity.Current = null;
    }
}
