using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Spectre.Console;

namespace BeerTap.Client;

/// <summary>
/// The terminal that the output goes to. A full screen is shown on its second page, so that the lines before it are there
/// again afterwards; only lines that changed are written.
/// </summary>
internal sealed class Terminal(TextWriter output, IAnsiConsole console)
{
    private const string Enter = "\u001b[?1049h\u001b[?25l\u001b[2J";
    private const string Leave = "\u001b[?1049l\u001b[?25h";
    private const string ShowCursor = "\u001b[?25h";

    private readonly Lock _writing = new();

    // Guarded by writing.
    private string[]? _shown;
    private (int Width, int Height) _size;
    private bool _away;

    /// <summary>For what Spectre shows by itself.</summary>
    public IAnsiConsole Console => console;

    public int Width => console.Profile.Width;

    public int Height => console.Profile.Height;

    /// <summary>The terminal, or null when the output goes elsewhere, or to one that knows no control sequences.</summary>
    public static Terminal? Find()
    {
        if (System.Console.IsOutputRedirected)
        {
            return null;
        }

        var console = AnsiConsole.Console;
        return console.Profile.Capabilities.Ansi ? new Terminal(System.Console.Out, console) : null;
    }

    /// <summary>Shows these lines as the whole screen.</summary>
    public void Show(IReadOnlyList<string> lines)
    {
        lock (_writing)
        {
            if (_away)
            {
                return;
            }

            var text = new StringBuilder();
            if (_shown is null || _size != (Width, Height))
            {
                text.Append(_shown is null ? Enter : "\u001b[2J");
                (_shown, _size) = ([], (Width, Height));
            }

            var next = lines.Take(_size.Height).ToArray();
            for (var row = 0; row < Math.Max(next.Length, _shown.Length); row++)
            {
                var line = row < next.Length ? next[row] : "";
                if (row >= _shown.Length || _shown[row] != line)
                {
                    text.Append(CultureInfo.InvariantCulture, $"\u001b[{row + 1};1H\u001b[2K{line}");
                }
            }

            _shown = next;
            output.Write(text.ToString());
            output.Flush();
        }
    }

    /// <summary>The screen as it was before; <paramref name="away"/>: until <see cref="ComeBack"/> nothing is shown.</summary>
    public void GoBack(bool away = false)
    {
        lock (_writing)
        {
            _away |= away;
            // Something else may have hidden the cursor, and be ended before it can show it again.
            output.Write(_shown is not null ? Leave : away ? ShowCursor : "");
            output.Flush();
            _shown = null;
        }
    }

    public void ComeBack()
    {
        lock (_writing)
        {
            _away = false;
        }
    }

    /// <summary>Ctrl-Z: the shell gets its screen back before this process sleeps, which the runtime does not see to once it passes the signal on.</summary>
    public void Sleep(PosixSignalContext signal)
    {
        GoBack(away: true);
        signal.Cancel = true;
        _ = Signal(Environment.ProcessId, OperatingSystem.IsLinux() ? 19 : 17);
    }

    // SIGSTOP has another number on Linux than on BSD and macOS.
    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
