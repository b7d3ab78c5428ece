const figure = element.querySelector('.map');
const image = element.querySelector('.map-image');
const words = element.querySelector('.map-words');
const atFirst = words.textContent;

image.tabIndex = 0;
image.setAttribute('role', 'button');
const toggle = () => image.classList.toggle('large');
image.addEventListener('click', toggle);
image.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' && event.key !== ' ') return;
  event.preventDefault();
  toggle();
});

function show() {
  const map = props.value;
  image.hidden = !map;
  figure.dataset.state = map ? 'shown' : 'empty';
  if (!map) {
    image.removeAttribute('src');
    words.textContent = atFirst;
    return;
  }
  image.src = map.image;
  words.textContent = ['The guide as the model sees it.', ...map.notes].join(' ');
}

watch('value', show);
show();
