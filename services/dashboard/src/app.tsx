import { useEffect, useRef, useState } from 'preact/hooks';
import { setKey } from './fleet.ts';
import { onKeyRequest } from './key-request.ts';
import { pages } from './pages/index.ts';
import { KeyForm } from './parts/key-form.tsx';
import { Navigation } from './parts/navigation.tsx';
import { PageHead } from './parts/page-head.tsx';
import { href, useRoute } from './route.ts';

export function App() {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const [asked, setAsked] = useState(false);
  const [keys, setKeys] = useState(0);
  useEffect(() => onKeyRequest(() => setAsked(true)), []);
  const address = `${route.page}/${route.id ?? ''}`;
  const first = useRef(address);
  // Whoever follows a link by keyboard or ear goes on in the page that it led to.
  useEffect(() => {
    if (first.current !== address) main.current?.focus();
    first.current = '';
  }, [address]);
  const enter = (key: string) => {
    setKey(key);
    setAsked(false);
    setKeys((n) => n + 1);
  };
  const Page = pages[route.page];
  return (
    <div class="shell" key={keys}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the page
      </button>
      <Navigation page={route.page} askForKey={() => setAsked(true)} />
      <main id="main" tabIndex={-1} ref={main}>
        {Page ? <Page key={address} id={route.id ?? ''} query={route.query} /> : <Missing />}
      </main>
      {asked ? <KeyForm enter={enter} close={() => setAsked(false)} /> : null}
    </div>
  );
}

function Missing() {
  return (
    <>
      <PageHead title="No such page" />
      <p>
        There is nothing at this address. <a href={href('')}>To the overview</a>
      </p>
    </>
  );
}
