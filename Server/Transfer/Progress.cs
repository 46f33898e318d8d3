namespace BeerTap.Server.Transfer;

/// <summary>Tells on standard error how far it is, each second to a person and every ten to a log.</summary>
internal sealed class Progress(TextWriter words, TimeProvider time, bool isLog)
{
    private readonly TimeSpan _every = TimeSpan.FromSeconds(isLog ? 10 : 1);
    private long _last = time.GetTimestamp();

    /// <summary>Says it at once. It may speak of what a file holds.</summary>
    public void Say(string text) => words.WriteLine(Hosting.Printable.Escape(text));

    /// <summary>Says the text when it is time to.</summary>
    public void At(Func<string> text)
    {
        if (time.GetElapsedTime(_last) < _every) return;
        _last = time.GetTimestamp();
        words.WriteLine(text());
    }
}
